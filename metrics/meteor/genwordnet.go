//go:build ignore

// Command genwordnet writes wordnet.txt.gz, the extract of WordNet 3.0 that METEOR's synonym stage needs, from the dictionary files
// of Debian's package wordnet-base:
//
//	go run genwordnet.go -dict /usr/share/wordnet -collisions meteor_wordnet_collisions.tsv -out wordnet.txt.gz
//
// The collisions are the pairs of words that the reference program takes for synonyms only because it knows a synset by its place in
// a file and forgets which file; each becomes a set of two. Sets of
// one word stay: the word and its inflected forms share them.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	dict := flag.String("dict", "/usr/share/wordnet", "folder of the dictionary files")
	collisions := flag.String("collisions", "", "table of pairs that the reference confuses")
	out := flag.String("out", "wordnet.txt.gz", "file to write")
	flag.Parse()
	log.SetFlags(0)

	synsets := map[string][]string{} // part of speech and offset -> words
	words := map[string]bool{}       // every word without a space
	exceptions := map[string][]string{}
	for _, pos := range []string{"noun", "verb", "adj", "adv"} {
		for _, line := range lines(filepath.Join(*dict, "index."+pos)) {
			fields := strings.Fields(line)
			if strings.HasPrefix(line, " ") || len(fields) < 6 || strings.Contains(fields[0], "_") {
				continue
			}
			words[fields[0]] = true
			var count int
			fmt.Sscan(fields[2], &count)
			for _, offset := range fields[len(fields)-count:] {
				synsets[pos+offset] = append(synsets[pos+offset], fields[0])
			}
		}
		for _, line := range lines(filepath.Join(*dict, pos+".exc")) {
			fields := strings.Fields(line)
			if len(fields) < 2 || strings.Contains(fields[0], "_") {
				continue
			}
			for _, base := range fields[1:] {
				if !slices.Contains(exceptions[fields[0]], base) {
					exceptions[fields[0]] = append(exceptions[fields[0]], base)
				}
			}
		}
	}
	if *collisions != "" {
		for _, line := range lines(*collisions) {
			if pair := strings.Split(line, "\t"); len(pair) == 2 && !strings.HasPrefix(line, "#") {
				synsets["pair "+line] = pair
			}
		}
	}

	sets := map[string][]int{}
	next := 0
	for _, key := range slices.Sorted(maps.Keys(synsets)) {
		for _, word := range synsets[key] {
			sets[word] = append(sets[word], next)
		}
		next++
	}
	var text bytes.Buffer
	for _, word := range slices.Sorted(maps.Keys(words)) {
		text.WriteString(word)
		for _, id := range sets[word] {
			fmt.Fprintf(&text, " %d", id)
		}
		text.WriteByte('\n')
	}
	text.WriteByte('\n')
	for _, form := range slices.Sorted(maps.Keys(exceptions)) {
		fmt.Fprintf(&text, "%s %s\n", form, strings.Join(exceptions[form], " "))
	}

	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(text.Bytes())
	}
	if err == nil {
		err = z.Close()
	}
	if err == nil {
		err = os.WriteFile(*out, packed.Bytes(), 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("%d words, %d sets, %d exceptions, %d bytes", len(words), next, len(exceptions), packed.Len())
}

func lines(path string) []string {
	f, err := os.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	var all []string
	for s := bufio.NewScanner(f); s.Scan(); {
		all = append(all, s.Text())
	}
	return all
}
