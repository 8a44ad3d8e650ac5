package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"harness/internal/atomicfile"
	"harness/internal/view"
	"harness/registry"
	"harness/runner/cluster"
)

// networkFileSystems keep locks to one machine, or lose them: the database of the registry does not lie there.
var networkFileSystems = map[string]bool{"nfs": true, "cifs": true, "lustre": true, "gpfs": true, "beegfs": true, "ceph": true, "smb2": true}

// checkShared refuses a home that cannot be shared with the machines that run tasks. What is needed of it stands in docs/slurm.md: a
// folder is made once, a file is replaced at once, and what is appended is read.
func checkShared(home string) error {
	database := registry.DatabaseDir(home)
	for dir := database; ; dir = filepath.Dir(dir) { // it may be about to be made
		var disk unix.Statfs_t
		err := unix.Statfs(dir, &disk)
		if errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir) {
			continue
		}
		if err == nil && networkFileSystems[fileSystem(&disk)] {
			return withHint(fmt.Errorf("registry.db would lie on %s, where its locks do not hold: %s", fileSystem(&disk), database),
				fmt.Sprintf("write the path of a folder on a disk of this machine into %s: docs/slurm.md", filepath.Join(home, registry.PlaceName)))
		}
		break
	}
	root := filepath.Join(home, cluster.Folder)
	if err := os.MkdirAll(root, 0o755); err != nil {
		return fmt.Errorf("share home: %w", err)
	}
	dir, err := os.MkdirTemp(root, atomicfile.Prefix+"*")
	if err != nil {
		return fmt.Errorf("share home: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := tryShared(dir); err != nil {
		return fmt.Errorf("%s cannot be shared between machines: %w", home, err)
	}
	return nil
}

// tryShared tries in a folder what tasks and those who follow them rely on.
func tryShared(dir string) error {
	attempt := filepath.Join(dir, "1")
	if err := os.Mkdir(attempt, 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(attempt, 0o755); !errors.Is(err, fs.ErrExist) {
		return errors.New("a folder could be made twice")
	}
	path := filepath.Join(attempt, "file")
	for _, text := range []string{"one", "two"} {
		if err := atomicfile.Write(path, []byte(text)); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.WriteString(" three"); err != nil {
		return err
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "two three" {
		return errors.Join(errors.New("what was appended to a replaced file is not read"), err)
	}
	return nil
}

// keepProgram puts this program into the home, where the machines that run tasks find it, and where it stays the same while they wait:
// HOME/cluster/bin/HASH/harness.
func keepProgram(home string) (path string, err error) {
	hash := build(context.Background()).BinaryHash
	if hash == "" {
		return os.Executable()
	}
	dir := filepath.Join(home, cluster.Folder, "bin", view.ShortHash(hash)+hash[8:16])
	path = filepath.Join(dir, "harness")
	from, err := os.Open(self())
	if err != nil {
		return "", fmt.Errorf("keep program: %w", err)
	}
	defer from.Close()
	own, err := from.Stat()
	if err != nil {
		return "", fmt.Errorf("keep program: %w", err)
	}
	if kept, err := os.Stat(path); err == nil && kept.Size() == own.Size() && kept.Mode()&0o100 != 0 {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("keep program: %w", err)
	}
	file, err := atomicfile.Create(path)
	if err != nil {
		return "", fmt.Errorf("keep program: %w", err)
	}
	defer file.Abort()
	file.Mode = 0o755
	if _, err = io.Copy(file, from); err == nil {
		err = file.Commit()
	}
	if err != nil {
		return "", fmt.Errorf("keep program: %w", err)
	}
	return path, nil
}
