package runner

import (
	"strings"
	"testing"

	"harness/registry/journal"
)

func TestReasons(t *testing.T) {
	const trace = "Traceback (most recent call last):\n  File \"x.py\", line 3, in <module>\n    f()\n"
	for _, c := range []struct {
		name, stderr, stdout string
		class                journal.Class
		want                 string
	}{
		{name: "traceback, then what stdout had buffered", stderr: trace + "ValueError: learning rate must be positive\n",
			stdout: "epoch 1: training accuracy 0.91\nepoch 2: training accuracy 0.93\n", want: "ValueError: learning rate must be positive"},
		{name: "chained", stderr: trace + "KeyError: 'lr'\n\nDuring handling of the above exception, another exception occurred:\n\n" + trace +
			"my.pkg.ConfigError: no lr\n", want: "my.pkg.ConfigError: no lr"},
		{name: "bare exception", stderr: trace + "AssertionError\n", want: "AssertionError"},
		{name: "more is printed behind it", stderr: trace + "ValueError: bad\nsys:1: ResourceWarning: unclosed file\nwandb: bye\n", want: "ValueError: bad"},
		{name: "message on the next line", stderr: trace + "RuntimeError:\n  sizes do not match\n", want: "RuntimeError: sizes do not match"},
		{name: "torchrun", stderr: "[rank0]: Traceback (most recent call last):\n[rank0]:   File \"t.py\", line 1\n[rank0]: ValueError: bad batch\n" +
			"E0101 torch/distributed/elastic: failed (exitcode: 1)\n" + trace +
			"torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n====\nt.py FAILED\n", want: "ValueError: bad batch"},
		{name: "launcher alone", stderr: trace + "subprocess.CalledProcessError: Command 'x' returned non-zero exit status 1.\n",
			want: "subprocess.CalledProcessError: Command 'x' returned non-zero exit status 1."},
		{name: "joblib", stderr: "joblib.externals.loky.process_executor._RemoteTraceback: \n\"\"\"\n" + trace +
			"ValueError: inner\n\"\"\"\n\nThe above exception was the direct cause of the following exception:\n\n" + trace + "ValueError: inner\n",
			want: "ValueError: inner"},
		{name: "exception group", stderr: "  + Exception Group Traceback (most recent call last):\n  |   File \"x.py\", line 1\n" +
			"  | ExceptionGroup: two (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | ValueError: one\n    +------------\n",
			want: "ExceptionGroup: two (2 sub-exceptions)"},
		{name: "syntax", stderr: "  File \"x.py\", line 3\n    f(\n     ^\nSyntaxError: '(' was never closed\n", want: "SyntaxError: '(' was never closed"},
		{name: "traceback on stdout", stdout: trace + "ValueError: x\nbye\n", stderr: "warning\n", want: "ValueError: x"},
		{name: "Go", stderr: "panic: runtime error: index out of range\n\ngoroutine 1 [running]:\nmain.main()\n\t/x.go:3\nexit status 2\n",
			want: "panic: runtime error: index out of range"},
		{name: "Rust", stderr: "\nthread 'main' panicked at src/main.rs:2:5:\nno such file\nnote: run with RUST_BACKTRACE=1\n",
			want: "thread 'main' panicked at src/main.rs:2:5: no such file"},
		{name: "argparse", stderr: "usage: x.py [-h]\nx.py: error: unrecognized arguments: --lr=0.1\n", want: "x.py: error: unrecognized arguments: --lr=0.1"},
		{name: "Hydra", stderr: "x.py:3: UserWarning: no version_base\n  @hydra.main()\nCould not override 'lr'.\nTo append to your config use +lr=0.1\n" +
			"Key 'lr' is not in struct\n    full_key: lr\n\nSet the environment variable HYDRA_FULL_ERROR=1 for a complete stack trace.\n",
			want: "Could not override 'lr'."},
		{name: "error, then advice", stderr: "Error: no such data set\nTry --help.\n", want: "Error: no such data set"},
		{name: "ours", stderr: "harness: no data\nhint: run x\n", want: "no data"},
		{name: "last of stderr", stderr: "loading\nboom\x1b]0;FAIL\x07\n", stdout: "epoch 1\n", want: `boom\x1b]0;FAIL\x07`},
		{name: "last of stdout", stdout: "epoch 1\ncannot go on\n", want: "cannot go on"},
		{name: "a report is no reason", stdout: "cannot go on\n" + `{"loss": 1}`, want: "cannot go on"},
		{name: "nothing", want: ""},

		{name: "Python", stderr: trace + "MemoryError\n", class: journal.ClassMemory, want: "MemoryError"},
		{name: "numpy", stderr: trace + "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 7 GiB\n", class: journal.ClassMemory,
			want: "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 7 GiB"},
		{name: "PyTorch", stderr: trace + "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB\n", class: journal.ClassMemory,
			want: "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"},
		{name: "wrapped", stderr: trace + "torch.OutOfMemoryError: CUDA out of memory.\n\nThe above exception was the direct cause of the following exception:\n\n" +
			trace + "RuntimeError: step failed\n", class: journal.ClassMemory, want: "torch.OutOfMemoryError: CUDA out of memory."},
		{name: "XLA", stderr: trace + "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes.\n",
			class: journal.ClassMemory, want: "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes."},
		{name: "before training", stderr: "harness: pretrain: out of memory before the first step: it needs 559.0 GiB, the device has 79.1 GiB: lower pretrain.batch (32)\n",
			class: journal.ClassMemory, want: "pretrain: out of memory before the first step: it needs 559.0 GiB, the device has 79.1 GiB: lower pretrain.batch (32)"},
		{name: "XLA in Go", stderr: "harness: run trial: RESOURCE_EXHAUSTED: Out of memory allocating 12 bytes\n", class: journal.ClassMemory,
			want: "run trial: RESOURCE_EXHAUSTED: Out of memory allocating 12 bytes"},
		{name: "CUDA", stderr: "failed to allocate: CUDA_ERROR_OUT_OF_MEMORY: out of memory\n", class: journal.ClassMemory,
			want: "failed to allocate: CUDA_ERROR_OUT_OF_MEMORY: out of memory"},
		{name: "cuBLAS", stderr: trace + "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`\n",
			class: journal.ClassMemory, want: "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"},
		{name: "C++", stderr: "terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc\n", class: journal.ClassMemory,
			want: "what(): std::bad_alloc"},
		{name: "one that was survived", stderr: "CUDA out of memory, trying with half the batch\n" + trace + "ValueError: bad\n", want: "ValueError: bad"},
		{name: "disk", stderr: trace + "OSError: [Errno 28] No space left on device: 'ckpt'\n", class: journal.ClassDisk,
			want: "OSError: [Errno 28] No space left on device: 'ckpt'"},
		{name: "quota", stderr: "cp: error writing 'x': Disk quota exceeded\n", class: journal.ClassDisk, want: "cp: error writing 'x': Disk quota exceeded"},
	} {
		class, reason := reasonOf(lastLines(c.stderr), lastLines(c.stdout))
		if class != c.class || reason != c.want {
			t.Errorf("%s: %q, %q; want %q, %q", c.name, class, reason, c.class, c.want)
		}
	}
}

// lastLines passes a text through the buffer that keeps the last lines.
func lastLines(text string) []string {
	var t tail
	for line := range strings.Lines(text) {
		t.add([]byte(strings.TrimSuffix(line, "\n")))
	}
	return t.texts()
}

func TestTail(t *testing.T) {
	var buffer tail
	for i := range 3 * tailLines {
		buffer.add([]byte{byte('a' + i%26)})
	}
	got := buffer.texts()
	if len(got) != tailLines || got[tailLines-1] != string(byte('a'+(3*tailLines-1)%26)) {
		t.Errorf("%d lines, the last %q", len(got), got[len(got)-1])
	}
	if got := lastLines("50%\r100%\n\n  \nx\r\n"); len(got) != 2 || got[0] != "100%" || got[1] != "x" {
		t.Errorf("%q", got)
	}
}
