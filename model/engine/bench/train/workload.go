package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"

	"harness/model/engine"
	"harness/model/engine/enginetest"
)

const learningRate = 1e-3

// header is workload.json; the bytes of its tensors are in workload.bin.
type header struct {
	Size         enginetest.Size
	AdamW        engine.AdamW
	LearningRate float64
	Params       []string
	Tensors      []place
}

// place says where a tensor of 4-byte numbers begins.
type place struct {
	Name     string
	Shape    []int
	Integers bool
	Offset   int
}

// writeWorkload puts the weights and the batch of a size into a folder.
func writeWorkload(folder string, size enginetest.Size) error {
	work := size.New()
	h := header{Size: size, AdamW: work.AdamW, LearningRate: learningRate}
	file, err := os.Create(filepath.Join(folder, "workload.bin"))
	if err != nil {
		return err
	}
	defer file.Close()
	out, at := bufio.NewWriter(file), 0
	put := func(name string, t engine.Tensor) error {
		h.Tensors = append(h.Tensors, place{name, t.Shape, t.I32 != nil, at})
		at += 4 * t.Size()
		if t.I32 != nil {
			return binary.Write(out, binary.LittleEndian, t.I32)
		}
		return binary.Write(out, binary.LittleEndian, t.F32)
	}
	for _, p := range work.Params {
		h.Params = append(h.Params, p.Name)
		if err := put(p.Name, p.Tensor); err != nil {
			return err
		}
	}
	for _, name := range []string{"patches", "tokens", "targets"} {
		if err := put(name, work.Inputs[name]); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "workload.json"), text, 0o644)
}

// readSize is the size that a workload was written for; package enginetest makes the same weights of it again.
func readSize(folder string) (size enginetest.Size, err error) {
	text, err := os.ReadFile(filepath.Join(folder, "workload.json"))
	if err != nil {
		return size, err
	}
	var h header
	err = json.Unmarshal(text, &h)
	return h.Size, err
}
