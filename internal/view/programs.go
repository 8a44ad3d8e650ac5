package view

import (
	"encoding/json"
	"strings"

	"harness/model"
	"harness/model/spec"
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

// splitPhases takes what the phases took out of the notes of a trial. What cannot be read stays a note.
func splitPhases(notes []Note) (words []Note, phases []spec.PhaseTime) {
	words = []Note{}
	for _, n := range notes {
		if n.Key == spec.PhasesKey && phases == nil {
			if list, err := spec.DecodePhases(n.Text); err == nil {
				phases = list
				continue
			}
		}
		words = append(words, n)
	}
	return words, phases
}
