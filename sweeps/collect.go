package sweeps

import (
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"harness/sweeps/keys"
)

// Collect says which files of a program are read for numbers while it runs. Its zero value is the trial's own folders and all formats.
type Collect struct {
	Off     bool     `json:"off,omitzero"`
	Formats []string `json:"formats,omitzero"` // some of CollectFormats; empty: all
	Folders []string `json:"folders,omitzero"` // more folders or files, seen from the working folder; with *, ? and CollectMacros
}

// CollectFormats are the formats that are read.
var CollectFormats = keys.Choices("collect.formats")

// CollectMacros are what ${…} may name in collect.folders.
var CollectMacros = [...]string{"trial", "trial_dir", "attempt_dir", "seed"}

// Shared reports whether some of the folders are those of several trials.
func (c Collect) Shared() bool {
	return slices.ContainsFunc(c.Folders, func(folder string) bool {
		return !strings.Contains(folder, "${trial}") && !strings.Contains(folder, "${trial_dir}") && !strings.Contains(folder, "${attempt_dir}")
	})
}

// collect reads the key collect: false, a list of formats, or both formats and folders.
func (p *parser) collect(e entry) error {
	c := &p.sweep.Run.Collect
	p.collectAt = e.at
	switch {
	case e.value.Kind == yaml.ScalarNode && e.value.ShortTag() == "!!bool":
		on, err := p.boolean(e.value, e.key)
		c.Off = !on
		return err
	case e.value.Kind != yaml.MappingNode:
		return p.collectFormats(e.value, e.key)
	}
	return p.each(e, func(f entry, name string) error {
		switch f.key {
		case "formats":
			return p.collectFormats(f.value, name)
		case "folders":
			return p.collectFolders(f.value, name)
		}
		return p.refuse(f.at, name, "unknown key%s", didYouMean(f.key, keys.Below("collect")))
	})
}

func (p *parser) collectFormats(n *yaml.Node, key string) (err error) {
	c := &p.sweep.Run.Collect
	if c.Formats, err = p.texts(n, key); err != nil {
		return err
	}
	for _, format := range c.Formats {
		if !slices.Contains(CollectFormats, format) {
			return p.refuse(n, key, "%q: want false, or some of %s", format, strings.Join(CollectFormats, ", "))
		}
	}
	if len(c.Formats) == 0 {
		return p.refuse(n, key, "an empty list: write collect: false where no files are to be read")
	}
	return nil
}

func (p *parser) collectFolders(n *yaml.Node, key string) (err error) {
	c := &p.sweep.Run.Collect
	if c.Folders, err = p.texts(n, key); err != nil {
		return err
	}
	for _, folder := range c.Folders {
		for _, found := range macroPattern.FindAllStringSubmatch(folder, -1) {
			if found[2] == "" || !slices.Contains(CollectMacros[:], found[1]) {
				return p.refuse(n, key, "%q: unknown %s; known are ${%s}", folder, found[0], strings.Join(CollectMacros[:], "}, ${"))
			}
		}
		plain := macroPattern.ReplaceAllString(folder, "x")
		if _, err := filepath.Match(plain, ""); err != nil || plain == "" {
			return p.refuse(n, key, "%q: want a folder such as outputs/${trial} or logs/*", folder)
		}
	}
	return nil
}

// checkCollect refuses what would record the numbers of one trial for another.
func (p *parser) checkCollect() error {
	s := p.sweep
	switch {
	case p.collectAt == nil:
		return nil
	case s.Command == "":
		return p.refuse(p.collectAt, "collect", "the built-in trainer records its numbers itself: only a program's files are read")
	case s.Run.Collect.Shared() && s.Run.Parallel != 1:
		return p.refuse(p.collectAt, "collect.folders", "trials that run at the same time write into it: give each a folder of its own "+
			"(${trial}, ${trial_dir}), or write run: {parallel: 1}")
	}
	return nil
}
