// Package docs holds the documents that the program prints: the JSON Schemas of a sweep file and of what commands print with --json.
package docs

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

// Version is that of what commands print with --json. Additions raise the second number; what a reader may rely on and is taken away, renamed
// or given another type raises the first. The tests hold the schemas to it.
const Version = "1.0"

//go:embed sweep.schema.json table.schema.json schemas/*.json
var files embed.FS

// Schema is the JSON Schema of a name that Schemas lists.
func Schema(name string) ([]byte, error) {
	switch name {
	case "sweep":
		return files.ReadFile("sweep.schema.json")
	case "report":
		return files.ReadFile("table.schema.json")
	}
	return files.ReadFile("schemas/" + name + ".schema.json")
}

// Schemas lists the names: "sweep" for the sweep file, and those of commands.
func Schemas() []string {
	names := []string{"sweep", "report"}
	entries, err := fs.ReadDir(files, "schemas")
	if err != nil {
		panic("docs: " + err.Error()) // the folder is embedded
	}
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".schema.json"))
	}
	slices.Sort(names[1:])
	return names
}
