package cli

import (
	"fmt"
	"io"
	"strings"

	"harness/internal/escape"
	"harness/model"
	"harness/model/spec"
	"harness/registry/journal"
)

// announcing is the journal of a trial, which also prints what a stage needs of its device, for the trial's log.
type announcing struct {
	*journal.Writer
	log io.Writer
}

func (a announcing) Note(key, text string) error {
	if stage, ok := strings.CutPrefix(key, model.MemoryKey); ok {
		fmt.Fprintf(a.log, "%s: a step needs %s\n", stage, text)
	}
	return a.Writer.Note(key, text)
}

// writePrograms lists compiled programs for people, as rows of a tab writer.
func writePrograms(w io.Writer, programs []model.Compiled) {
	if len(programs) == 0 {
		return
	}
	fmt.Fprintln(w, "\nPROGRAM\tMEMORY\tWORK\tCOMPILED\t")
	for _, p := range programs {
		memory, work := "", ""
		if p.Memory > 0 {
			memory = model.Bytes(p.Memory)
		}
		if p.FLOPs > 0 {
			work = model.Operations(p.FLOPs)
		}
		took := fmt.Sprintf("in %.2f s", p.Compile)
		if p.Source == "disk" {
			took = fmt.Sprintf("earlier, loaded in %.2f s", p.Compile)
		}
		fmt.Fprintf(w, "%s %s\t%s\t%s\t%s\t\n", p.Purpose, p.Key, memory, work, took)
	}
}

// writePhases lists what the parts of a trial took, as rows of a tab writer.
func writePhases(w io.Writer, phases []spec.PhaseTime) {
	if len(phases) == 0 {
		return
	}
	fmt.Fprintln(w, "\nPHASE\tSECONDS\tOF PROCESSORS\tFLOP/S\t")
	for _, p := range phases {
		rate := ""
		if spec.IsTraining(p.Phase) && p.Seconds > 0 {
			rate = model.Operations(p.Work/p.Seconds) + "/s"
		}
		fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%s\t\n", escape.Line(string(p.Phase)), p.Seconds, p.CPU, rate)
	}
}
