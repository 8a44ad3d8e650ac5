package cli

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the program itself a command of the scripts; the processes that it starts for trials are it, too. png writes images.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"harness": harnessMain, "png": pngMain})
}

// harnessMain is main of the program.
func harnessMain() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(Run(ctx, os.Args[1:]))
}

// TestScripts runs testdata/script/*.txtar, each in a fresh folder with a home of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("testdata", "script"),
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			repository, err := filepath.Abs(root)
			if err != nil {
				return err
			}
			env.Setenv("REPO", repository)
			env.Setenv("HARNESS_HOME", filepath.Join(env.WorkDir, "runs"))
			env.Setenv("OURS", filepath.SplitList(env.Getenv("PATH"))[0]) // the folder of the commands of TestMain
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name != "mount" {
				return false, fmt.Errorf("unknown condition %s", name)
			}
			return mayMount(t.TempDir()), nil
		},
		Cmds: scriptCommands(),
	})
}

func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	all := maps.Clone(diskCommands)
	maps.Copy(all, hubCommands)
	return all
}
