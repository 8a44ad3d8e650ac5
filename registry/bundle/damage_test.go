package bundle

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// damages is how many random damages TestDamages makes.
const damages = 100

// TestDamages damages a bundle in a hundred random ways, in its bytes and, packed and sealed again as if by somebody who
// knows how, in its archive. Each is found: the bundle is refused, or has another name where even its manifest was made anew.
func TestDamages(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 6))
	list := sources()
	for i := range 20 { // contents that do not pack well
		content := make([]byte, 500+random.IntN(5000))
		for k := range content {
			content[k] = byte(random.Uint32())
		}
		list = append(list, Bytes(fmt.Sprintf("home/trials/c/1/file-%02d", i), content))
	}
	whole, m := written(t, list)
	counts := map[string]int{}
	named := 0
	for i := 0; i < damages; i++ {
		d := damageKinds[i%len(damageKinds)]
		data := d.do(t, random, bytes.Clone(whole), list)
		if bytes.Equal(data, whole) { // blocks that were swapped may be alike
			i--
			continue
		}
		found, err := look(data, Limits{}, nil)
		var refused *Damage
		switch {
		case errors.As(err, &refused):
			if refused.Entry != "" {
				named++
			}
			if strings.Contains(refused.Error(), "\n") {
				t.Errorf("%s: more than a line: %q", d.name, refused.Error())
			}
		case err != nil:
			t.Errorf("%s: an error that is no damage: %v", d.name, err)
		case found.Name() == m.Name():
			t.Errorf("damage %d, %s, was not found", i, d.name)
		case d.name != "made anew":
			t.Errorf("damage %d, %s, gave another bundle", i, d.name)
		}
		counts[d.name]++
	}
	t.Logf("%d damages, %d refused by an entry: %v", damages, named, counts)
}

var damageKinds = []struct {
	name string
	do   func(t *testing.T, random *rand.Rand, data []byte, list []Source) []byte
}{
	{"bit flip", func(_ *testing.T, random *rand.Rand, data []byte, _ []Source) []byte {
		data[random.IntN(len(data))] ^= 1 << random.IntN(8)
		return data
	}},
	{"cut", func(_ *testing.T, random *rand.Rand, data []byte, _ []Source) []byte {
		return data[:random.IntN(len(data))]
	}},
	{"swapped blocks", func(_ *testing.T, random *rand.Rand, data []byte, _ []Source) []byte {
		n := 1 + random.IntN(512)
		a, b := random.IntN(len(data)/2-n), len(data)/2+random.IntN(len(data)/2-n)
		for k := range n {
			data[a+k], data[b+k] = data[b+k], data[a+k]
		}
		return data
	}},
	{"zeros", func(_ *testing.T, random *rand.Rand, data []byte, _ []Source) []byte {
		at := random.IntN(len(data) - 64)
		clear(data[at : at+1+random.IntN(63)])
		return data
	}},
	{"bytes taken out", func(_ *testing.T, random *rand.Rand, data []byte, _ []Source) []byte {
		at := random.IntN(len(data) - 64)
		return slices.Delete(data, at, at+1+random.IntN(63))
	}},
	{"trailing data", func(_ *testing.T, random *rand.Rand, data []byte, _ []Source) []byte {
		return append(data, data[:1+random.IntN(len(data))]...)
	}},
	{"bit flip inside", func(t *testing.T, random *rand.Rand, data []byte, _ []Source) []byte {
		raw := unpacked(t, data)
		raw[random.IntN(len(raw)-1024)] ^= 1 << random.IntN(8) // what follows is zeros
		return packed(t, raw)
	}},
	{"dropped entry", func(t *testing.T, random *rand.Rand, data []byte, _ []Source) []byte {
		entries := entriesOf(t, data)
		i := 1 + random.IntN(len(entries)-1)
		return forged(t, slices.Delete(entries, i, i+1)...)
	}},
	{"swapped entries", func(t *testing.T, random *rand.Rand, data []byte, _ []Source) []byte {
		entries := entriesOf(t, data)
		i := 1 + random.IntN(len(entries)-2)
		entries[i], entries[i+1] = entries[i+1], entries[i]
		return forged(t, entries...)
	}},
	{"added entry", func(t *testing.T, random *rand.Rand, data []byte, _ []Source) []byte {
		entries := entriesOf(t, data)
		return forged(t, slices.Insert(entries, 1+random.IntN(len(entries)), file(fmt.Sprintf("home/%x", random.Uint32()), "new"))...)
	}},
	{"other contents", func(t *testing.T, random *rand.Rand, data []byte, _ []Source) []byte {
		entries := entriesOf(t, data)
		e := &entries[1+random.IntN(len(entries)-1)]
		if len(e.content) == 0 {
			e.content = []byte("x")
		} else {
			e.content[random.IntN(len(e.content))]++
		}
		return forged(t, entries...)
	}},
	{"made anew", func(t *testing.T, random *rand.Rand, _ []byte, list []Source) []byte {
		i := random.IntN(len(list))
		list = slices.Clone(list)
		list[i] = Bytes(list[i].Path, fmt.Append(nil, random.Uint64()))
		data, _ := written(t, list)
		return data
	}},
}

// entriesOf takes a bundle apart.
func entriesOf(t *testing.T, data []byte) []forgery {
	t.Helper()
	r := tar.NewReader(bytes.NewReader(unpacked(t, data)))
	var list []forgery
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		must(t, err)
		content, err := io.ReadAll(r)
		must(t, err)
		list = append(list, forgery{tar.Header{Typeflag: h.Typeflag, Name: h.Name, Mode: h.Mode}, content})
	}
}

// FuzzRead reads what may or may not be a bundle. What is accepted is one that Write would have written.
func FuzzRead(f *testing.F) {
	data, _ := written(f, sources())
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) { rewritten(t, data) })
}

// FuzzArchive does the same with the archive inside, which is packed and sealed for it.
func FuzzArchive(f *testing.F) {
	data, _ := written(f, sources()[1:])
	f.Add(unpacked(f, data))
	f.Add(unpacked(f, forged(f, listing(file("a", "x")), file("a", "x"))))
	f.Fuzz(func(t *testing.T, raw []byte) { rewritten(t, packed(t, raw)) })
}

func rewritten(t *testing.T, data []byte) {
	var list []Source
	m, err := look(data, Limits{Total: 1 << 20}, func(e Entry, in io.Reader) error {
		content, err := io.ReadAll(in)
		s := Bytes(e.Path, content)
		s.Mode = e.Mode
		list = append(list, s)
		return err
	})
	if refused := (*Damage)(nil); err != nil {
		if !errors.As(err, &refused) {
			t.Fatal(err)
		}
		return
	}
	_, again := written(t, list)
	if again.Name() != m.Name() {
		t.Fatalf("written again it is called %s, not %s", again.Name(), m.Name())
	}
}

// FuzzManifest: a manifest that is accepted has one form only.
func FuzzManifest(f *testing.F) {
	_, m := written(f, sources())
	f.Add(m.encode())
	f.Add([]byte(`{"format":"harness-bundle","version":1,"entries":[` + "\n]}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseManifest(data)
		if err == nil && !bytes.Equal(m.encode(), data) {
			t.Fatalf("%s is read as %s", data, m.encode())
		}
	})
}
