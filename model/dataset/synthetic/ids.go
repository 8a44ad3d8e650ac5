package synthetic

import (
	"fmt"
	"math/rand/v2"
)

// Limits of Params that keep ids inside their eight digits.
const (
	maxPatients = 200_000
	maxStudies  = 6
)

// subjectID, studyID number patients and studies in ascending order, so that rows sorted by id keep the order of splits.
func subjectID(patient int) int { return 10_000_032 + 41*patient }

func studyID(patient, study int) int { return 50_000_414 + 40*patient + 5*study }

// dicomID draws an image's name: five groups of eight hex digits.
func dicomID(r *rand.Rand) string {
	return fmt.Sprintf("%08x-%08x-%08x-%08x-%08x", r.Uint32(), r.Uint32(), r.Uint32(), r.Uint32(), r.Uint32())
}

// subjectFolder is "p10/p10000032", the folder of a subject below files/.
func subjectFolder(subject int) string {
	return fmt.Sprintf("p%d/p%d", subject/1_000_000, subject)
}
