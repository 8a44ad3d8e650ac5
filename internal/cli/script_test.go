package cli

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"harness/model/engine/xla/xlatest"
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
			if strings.HasPrefix(filepath.Base(env.WorkDir), "script-xla_") { // the others shall not see it
				env.Setenv(xlatest.Variable, os.Getenv(xlatest.Variable))
			}
			env.Setenv("OURS", filepath.SplitList(env.Getenv("PATH"))[0]) // the folder of the commands of TestMain
			return nil
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "mount":
				return mayMount(t.TempDir()), nil
			case "plugin":
				return os.Getenv(xlatest.Variable) != "", nil
			}
			return false, fmt.Errorf("unknown condition %s", name)
		},
		Cmds: scriptCommands(),
	})
}

func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	all := maps.Clone(diskCommands)
	maps.Copy(all, hubCommands)
	maps.Copy(all, nvmlCommands)
	return all
}
