package patch

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const printed = `diff --git a/dir/x y.py b/dir/x y.py
index 1..2 100644
--- a/dir/x y.py	
+++ b/dir/x y.py	
@@ -1,3 +1,3 @@
 one
-two
+zwei
 three
@@ -7 +7,2 @@ def f():
-end
\ No newline at end of file
+end
+more
diff --git "a/\303\251\t.py" "b/\303\251\t.py"
new file mode 100644
--- /dev/null
+++ "b/\303\251\t.py"
@@ -0,0 +1,2 @@
+diff --git a/in b/in
+--- text
diff --git a/gone.sh b/gone.sh
deleted file mode 100755
--- a/gone.sh
+++ /dev/null
@@ -1 +0,0 @@
-x
diff --git a/data.bin b/data.bin
index 1..2 100644
GIT binary patch
literal 3
KcmZQzWMT#Y01f~L

diff --git a/run.sh b/run.sh
old mode 100644
new mode 100755
diff --git a/empty b/empty
new file mode 100644
index 0..0
diff --git no/prefix.py no/prefix.py
--- no/prefix.py
+++ no/prefix.py
@@ -1 +1 @@
-a
+b
`

func TestSplit(t *testing.T) {
	files, err := Split(printed)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, f.Old+" | "+f.New)
	}
	want := []string{"dir/x y.py | dir/x y.py", "/dev/null | é\t.py", "gone.sh | /dev/null", "data.bin | data.bin", "run.sh | run.sh",
		"/dev/null | empty", "no/prefix.py | no/prefix.py"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !files[3].Binary {
		t.Error("bytes are taken for lines")
	}
	old, new := "one\ntwo\nthree\n4\n5\n6\nend", "one\nzwei\nthree\n4\n5\n6\nend\nmore\n"
	applied(t, files[0], old, new)
	applied(t, files[1], "", "diff --git a/in b/in\n--- text\n")
	applied(t, files[2], "x\n", "")
	applied(t, files[4], "same\n", "same\n")
	for _, other := range []string{"", "one\ntwo\n", "one\n2\nthree\n4\n5\n6\nend", old + "\n"} {
		if _, err := files[0].Apply([]byte(other)); !errors.Is(err, ErrMismatch) {
			t.Errorf("applied to %q: %v", other, err)
		}
	}
	if _, err := files[3].Apply(nil); !errors.Is(err, ErrMismatch) {
		t.Error("bytes applied as lines")
	}
}

// applied checks what a difference makes of a text.
func applied(t *testing.T, f File, old, new string) {
	t.Helper()
	if got, err := f.Apply([]byte(old)); err != nil || string(got) != new {
		t.Errorf("%s: %q, %v, want %q", f.New, got, err, new)
	}
}

func TestSplitRefuses(t *testing.T) {
	const head = "diff --git a/x b/x\n--- a/x\n+++ b/x\n"
	for _, text := range []string{
		"@@ -1 +1 @@\n-a\n", "@@ -1,x +1 @@\n", "@@ -1,-1 +1 @@\n", "@@\n", "@@ -1 +1 @@\n\\ No newline\n", "@@ -1 +1 @@\nword\n", "@@ -2,1 +2,0 @@\n-a\n+b\n",
		"@@ -1,99999999999999999999 +1 @@\n",
	} {
		if files, err := Split(head + text); err == nil {
			t.Errorf("%q was read as %+v", text, files)
		}
	}
	if files, err := Split("no patch\n"); err != nil || files != nil {
		t.Errorf("%v, %v", files, err)
	}
}

// What Of writes, git's form around it, applies to the text that it was made of.
func FuzzOfApplies(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nc\nd")
	f.Add("", "x")
	f.Add("--- a\n@@\n", "+++ b\n\\ x\n")
	f.Add("a\r\n\n\n", "\n\na\r")
	f.Fuzz(func(t *testing.T, old, new string) {
		unified := Of("a/x", []byte(old), "b/x", []byte(new))
		if (unified == "") != (old == new) {
			t.Fatalf("%q and %q: %q", old, new, unified)
		}
		files, err := Split("diff --git a/x b/x\n" + unified)
		if err != nil || len(files) != 1 {
			t.Fatalf("%q: %v, %v", unified, files, err)
		}
		applied(t, files[0], old, new)
		if added, removed := Count(unified); added-removed != lineCount(new)-lineCount(old) {
			t.Fatalf("+%d -%d of %q", added, removed, unified)
		}
	})
}

func lineCount(s string) int {
	n := strings.Count(s, "\n")
	if s != "" && !strings.HasSuffix(s, "\n") {
		n++
	}
	return n
}

// Two edits of one text differ as their texts do.
func FuzzBetween(f *testing.F) {
	f.Add("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\n", "a\nb\nc\nd\nE\nf\ng\nh\ni\nj\nk\n", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nK")
	f.Add("a\na\na\na\na\na\na\na\na\na", "b\na\na\na\na\na\na\na\na\na", "a\na\na\na\na\na\na\na\na")
	f.Add("", "x\n", "")
	f.Add("x\n", "", "y")
	f.Fuzz(func(t *testing.T, base, old, new string) {
		if strings.Contains(base+old+new, unknownLine) {
			return
		}
		edit := func(text string) File {
			files, err := Split("diff --git a/x b/x\n" + Of("a/x", []byte(base), "b/x", []byte(text)))
			if err != nil || len(files) != 1 {
				t.Fatal(err)
			}
			return files[0]
		}
		got, err := Between(edit(old), edit(new), "a/x", "b/x")
		if err != nil {
			if !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), "fewer") {
				t.Fatal(err)
			}
			return
		}
		files, err := Split("diff --git a/x b/x\n" + got)
		if err != nil || len(files) != 1 {
			t.Fatal(err)
		}
		if old != new || got != "" {
			applied(t, files[0], old, new)
		}
	})
}

func TestBetweenRefuses(t *testing.T) {
	file := func(hunks string) File {
		files, err := Split("diff --git a/x b/x\n--- a/x\n+++ b/x\n" + hunks)
		if err != nil {
			t.Fatal(err)
		}
		return files[0]
	}
	one := file("@@ -2,2 +2,2 @@\n a\n-b\n+c\n")
	for _, other := range []File{
		file("@@ -2,2 +2,2 @@\n x\n-b\n+d\n"), file("@@ -999999999 +999999999 @@\n-b\n+d\n"), {Binary: true},
	} {
		if got, err := Between(one, other, "a", "b"); !errors.Is(err, ErrMismatch) {
			t.Errorf("%+v: %q, %v", other, got, err)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add(printed, "one\ntwo\nthree\n4\n5\n6\nend")
	f.Fuzz(func(t *testing.T, text, old string) {
		files, err := Split(text)
		if err != nil {
			return
		}
		for _, file := range files {
			file.Apply([]byte(old))
			for _, other := range files {
				Between(file, other, "a", "b")
			}
		}
	})
}
