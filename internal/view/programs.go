package view

import (
	"encoding/json"
	"harness/model"
	"strings"
)

// splitPrograms takes the compiled programs out of the notes of a trial.
func splitPrograms(notes []Note) (words []Note, programs []model.Compiled) {
	words, programs = []Note{}, []model.Compiled{}
	for _, n := range notes {
		var p model.Compiled
		if strings.HasPrefix(n.Key, model.CompiledKey) && json.Unmarshal([]byte(n.Text), &p) == nil {
			programs = append(programs, p)
			continue
		}
		words = append(words, n)
	}
	return words, programs
}
