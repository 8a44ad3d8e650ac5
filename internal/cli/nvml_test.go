package cli

import (
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"harness/internal/nvml/nvmltest"
)

// nvmlCommands are the script command "fakenvml DIR": it puts a library into DIR that answers as NVML does, for $LD_LIBRARY_PATH.
var nvmlCommands = map[string]func(*testscript.TestScript, bool, []string){
	"fakenvml": func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 1 {
			ts.Fatalf("usage: fakenvml DIR")
		}
		dir := ts.MkAbs(args[0])
		ts.Check(os.MkdirAll(dir, 0o755))
		ts.Check(nvmltest.Into(dir))
	},
}
