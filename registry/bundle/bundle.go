// Package bundle writes and reads bundles: one file in which some files travel to another machine, where nobody can have
// touched one of them without it being found.
//
//	Write     a bundle of a list of files
//	Read      looks at every byte of a bundle, hands each file to a function, and returns the manifest
//	Manifest  what is in it; its hash is the bundle's name
//	Damage    why a bundle is refused, and by which entry
//
// A bundle is a tar in one zstd frame, so that tar and zstd unpack it, too. Behind the frame stands the seal, a zstd frame
// that decoders skip: the SHA-256 of all bytes before it. The first entry of the tar is MANIFEST.json, which lists every
// other entry by path, in the order of the tar, with its size, mode and SHA-256. All are plain files; there are no times,
// owners, links or folders, so that the same files always give the same bytes.
//
// What the files mean is the business of package homes.
package bundle

import (
	"fmt"

	"harness/internal/escape"
)

// Version is the form that is written; Read refuses newer ones.
const Version = 1

const (
	manifestName = "MANIFEST.json"
	window       = 4 << 20 // of the compression: a reader needs no more memory than that
)

// Damage is a bundle that is refused.
type Damage struct {
	File   string // the bundle
	Entry  string // where it was noticed; "" = in the file itself
	Reason string
}

func (d *Damage) Error() string {
	if d.Entry == "" {
		return fmt.Sprintf("%s: %s", d.File, d.Reason)
	}
	return fmt.Sprintf("%s: entry %s: %s", d.File, escape.Line(d.Entry), d.Reason)
}
