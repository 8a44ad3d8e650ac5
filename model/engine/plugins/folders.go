package plugins

import (
	"bufio"
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// folders lists the folders of packages that exist, each once: those of environments, then of the Pythons among the programs.
func (s Search) folders() []string {
	var list []string
	add := func(folder string) {
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			return
		}
		if !slices.ContainsFunc(list, func(have string) bool { return sameFile(have, folder) }) {
			list = append(list, folder)
		}
	}
	for _, prefix := range s.prefixes() {
		for _, folder := range packagesOf(prefix) {
			add(folder)
		}
	}
	if s.Home != "" {
		for _, folder := range packagesOf(filepath.Join(s.Home, ".local")) {
			add(folder)
		}
	}
	return list
}

// prefixes are the folders below which Pythons keep lib: environments, each with the one that it is based on where it sees that one's
// packages, and those of programs.
func (s Search) prefixes() []string {
	var list []string
	add := func(prefix string) {
		if prefix != "" && filepath.IsAbs(prefix) && !slices.Contains(list, prefix) {
			list = append(list, prefix)
			if base := baseOf(prefix); base != "" && !slices.Contains(list, base) {
				list = append(list, base)
			}
		}
	}
	for _, environment := range s.Environments {
		add(environment)
	}
	for _, folder := range s.Programs {
		for _, name := range []string{"python3", "python"} {
			program := filepath.Join(folder, name)
			if info, err := os.Stat(program); err != nil || info.IsDir() {
				continue
			}
			add(filepath.Dir(folder))
			for _, version := range versionsOf(folder) {
				add(version)
			}
			if real, err := filepath.EvalSymlinks(program); err == nil && !isEnvironment(filepath.Dir(folder)) {
				add(filepath.Dir(filepath.Dir(real)))
			}
		}
	}
	return list
}

// versionsOf lists the prefixes behind a folder of pyenv, whose programs are scripts that choose one: those that its file version names come
// first.
func versionsOf(folder string) []string {
	if filepath.Base(folder) != "shims" {
		return nil
	}
	root := filepath.Dir(folder)
	chosen, _ := os.ReadFile(filepath.Join(root, "version")) // without one the system's Python is chosen
	var list []string
	for _, version := range strings.Fields(string(chosen)) {
		list = append(list, filepath.Join(root, "versions", version))
	}
	others, _ := filepath.Glob(filepath.Join(escaped(root), "versions", "*")) // the pattern is right
	slices.Reverse(others)
	return append(list, others...)
}

// isEnvironment reports whether a folder is a virtual environment.
func isEnvironment(prefix string) bool {
	_, err := os.Stat(filepath.Join(prefix, configName))
	return err == nil
}

// configName is the file that makes a folder a virtual environment.
const configName = "pyvenv.cfg"

// baseOf is the prefix of the Python that a virtual environment is based on, if it sees that one's packages; else "".
func baseOf(prefix string) string {
	file, err := os.Open(filepath.Join(prefix, configName))
	if err != nil {
		return ""
	}
	defer file.Close()
	home, sees := "", false
	for lines := bufio.NewScanner(file); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), "=")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "home":
			home = value // the folder of the program
		case "include-system-site-packages":
			sees = strings.EqualFold(value, "true")
		}
	}
	if !sees || home == "" {
		return ""
	}
	return filepath.Dir(home)
}

// packagesOf lists the folders in which a Python below prefix may keep packages, those of newer versions first. Debian's Python keeps them in
// dist-packages, and what pip installs below /usr/local.
func packagesOf(prefix string) []string {
	var list []string
	for _, lib := range []string{"lib", "lib64"} {
		versions, _ := filepath.Glob(filepath.Join(escaped(prefix), lib, "python3.*")) // the pattern is right
		slices.SortFunc(versions, func(a, b string) int { return cmp.Compare(minor(b), minor(a)) })
		for _, version := range versions {
			list = append(list, filepath.Join(version, "site-packages"), filepath.Join(version, "dist-packages"))
		}
		list = append(list, filepath.Join(prefix, lib, "python3", "dist-packages"))
	}
	if prefix == "/usr" {
		list = append(packagesOf("/usr/local"), list...)
	}
	return list
}

// minor is the number behind "python3." in the name of a folder.
func minor(folder string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(filepath.Base(folder), "python3.")) // what is no number comes last
	return n
}

// escaped is a path as a pattern that matches it alone.
func escaped(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
