// Package page is what pages in a browser are made of: style sheets, scripts, the charting library, and the data of charts. The server
// (package internal/web) and the self-contained report use the same pieces.
//
// All of it is in the program: a page asks nothing of any other machine. Each subject has one style sheet and one script: base.css and
// app.js belong to every page, charts.css and charts.js to figures, and so on.
package page

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"path"
)

//go:embed assets
var files embed.FS

// Asset is a file that pages refer to.
type Asset struct {
	Name string // such as base.css
	Type string // its media type
	Hash string // of Data, in hexadecimal, for an address that never means other bytes
	Data []byte
}

// mediaTypes are those of the assets, by what their names end in.
var mediaTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".txt": "text/plain; charset=utf-8", ".svg": "image/svg+xml"}

var assets = load()

func load() map[string]Asset {
	list, err := files.ReadDir("assets")
	if err != nil {
		panic(err) // the program was built without them
	}
	all := make(map[string]Asset, len(list))
	for _, f := range list {
		data, err := files.ReadFile("assets/" + f.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(data)
		all[f.Name()] = Asset{Name: f.Name(), Type: mediaTypes[path.Ext(f.Name())], Hash: hex.EncodeToString(sum[:8]), Data: data}
	}
	return all
}

// Find is the asset of a name.
func Find(name string) (Asset, bool) {
	a, ok := assets[name]
	return a, ok
}
