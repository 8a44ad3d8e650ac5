package dataset

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"harness/metrics"
	"harness/model/dataset/csvfile"
)

// A questionRow is a row of mimic_pair_questions.csv.
type questionRow struct {
	line                      int
	study, subject, reference string // reference may be "" for types other than difference
	kind, question, answer    string
	split                     Split
}

// A studyImage is what mimic_all.csv says of a study.
type studyImage struct {
	image string
	taken moment
}

const difference = "difference"

var questionTypes = map[string]bool{
	"abnormality": true, "presence": true, "view": true, "location": true, "level": true, "type": true, difference: true,
}

func (t *tables) readQuestions(path, studies string) (r tableResult) {
	words := map[string]string{} // questions and answers repeat: keep one copy of each
	intern := func(s string) string {
		if known, ok := words[s]; ok {
			return known
		}
		s = strings.Clone(s)
		words[s] = s
		return s
	}
	columns := []string{"study_id", "subject_id", "ref_id", "question_type", "question", "answer", "split"}
	r.read(path, columns, func(row *csvfile.Reader) string {
		study, ok1 := row.ID(0)
		subject, ok2 := row.ID(1)
		reference, ok3 := row.ID(2)
		kind := row.Cell(3)
		split, ok4 := parseSplit(row.Cell(6))
		t.questionRows.all++
		if ok4 && kind == difference {
			t.questionRows.difference[split]++
		}
		switch {
		case !ok1:
			return badStudy
		case !ok2:
			return badSubject
		case !ok3 && (kind == difference || row.Cell(2) != ""):
			return "ref_id is not an id"
		case !questionTypes[kind]:
			return "an unknown question_type"
		case !ok4:
			return badSplit
		case kind == difference && study == reference:
			return selfPair
		}
		t.questions = append(t.questions, questionRow{
			line: row.Line(), study: intern(study), subject: intern(subject), reference: intern(reference),
			kind: intern(kind), question: intern(row.Cell(4)), answer: intern(row.Cell(5)), split: split,
		})
		return ""
	})
	t.dropContradictions(path, &r)
	r.digestFile(filepath.Join(filepath.Dir(path), keyInfoName))
	t.studyImages = map[string]studyImage{}
	if studies == "" {
		r.notes = append(r.notes, "no mimic_all.csv in Medical-Diff-VQA: each study is shown by its first frontal image")
		return r
	}
	r.read(studies, []string{"study_id", "dicom_id", "study_date?"}, func(row *csvfile.Reader) string {
		study, ok := row.ID(0)
		if !ok {
			return badStudy
		}
		if _, seen := t.studyImages[study]; !seen {
			t.studyImages[study] = studyImage{strings.Clone(imageID(row.Cell(1))), moment{parseDate(row.Cell(2)), -1}}
		}
		return ""
	})
	return r
}

// resolveQuestions turns the rows into pairs and questions about images, and counts those that cannot be used. Of several
// causes the row's own come first: reference later, bad answer, no image.
func (l *loader) resolveQuestions(context.Context) error {
	shown := l.studyImage()
	f := &l.faults
	table := cmp.Or(l.parts.questions, l.listed.pairs)
	for _, q := range l.tables.questions {
		if l.strangeSubject(q) {
			l.fault(&f.Pairs.BadRows, badRow(table, q.line, "a study of another subject"))
			continue
		}
		p := Pair{
			ID:   fmt.Sprintf("%s_%s_%d", q.study, q.reference, q.line),
			Type: q.kind, Question: q.question, Answer: q.answer, Split: q.split,
		}
		p.Main, p.Ref = shown(q.study), shown(q.reference)
		isPair := q.kind == difference
		fault, cause := l.questionFault(q, p)
		switch {
		case fault != nil:
			item := badRow(table, q.line, cause)
			item.ID = p.ID
			l.fault(fault, item)
		case isPair:
			p.LevelOnly = isAreaQuestion(p.Question)
			l.pairs = append(l.pairs, p)
			l.count(&f.Pairs.Usable, p.ID)
		default:
			l.questions = append(l.questions, p)
			l.count(&f.Other.Questions, p.ID)
		}
	}
	return nil
}

// questionFault returns the tally that a row which cannot be used counts in, and the cause; nil for a row that can.
func (l *loader) questionFault(q questionRow, p Pair) (*Tally, string) {
	f, isPair := &l.faults, q.kind == difference
	switch {
	case !isPair && q.answer == "":
		return &f.Other.BadQuestions, "a blank answer"
	case !isPair && p.Main < 0:
		return &f.Other.BadQuestions, "no usable image of the study"
	case isPair && l.takenAt(q.study).before(l.takenAt(q.reference)):
		return &f.Pairs.ReferenceLater, "the reference was taken after the main image"
	case isPair && q.answer == "":
		return &f.Pairs.BadAnswer, "a blank answer"
	case isPair && !l.checkAnswer(p):
		return &f.Pairs.BadAnswer, "an answer outside the grammar"
	case isPair && p.Main < 0:
		return &f.Pairs.NoImage, "no usable image of the main study"
	case isPair && p.Ref < 0:
		return &f.Pairs.NoImage, "no usable image of the reference"
	case l.opts.Splits == BySubject && l.splitOf[q.subject] != q.split:
		return &f.Other.OtherSplit, "a subject that another split has"
	}
	return nil, ""
}

// checkAnswer reports whether the grammar takes the answer, and counts findings it does not know.
func (l *loader) checkAnswer(p Pair) bool {
	answer, err := metrics.ParseAnswer(p.Answer)
	if err != nil {
		return false
	}
	for _, name := range append(append([]string(nil), answer.Added...), answer.Missing...) {
		if !metrics.KnownFinding(name) {
			l.count(&l.faults.Other.UnknownFindings, p.ID)
			break
		}
	}
	return true
}

// studyImage returns a function that gives the index of the image that shows a study, or -1: the one mimic_all.csv names if it
// is usable, else the study's first usable frontal image (FACTS 1.7).
func (l *loader) studyImage() func(study string) int {
	first := make(map[string]int, len(l.tables.studies))
	for i := len(l.images) - 1; i >= 0; i-- {
		first[l.images[i].Study] = i
	}
	return func(study string) int {
		if i, ok := l.imageAt[l.tables.studyImages[study].image]; ok && l.images[i].Study == study {
			return i
		}
		if i, ok := first[study]; ok {
			return i
		}
		return -1
	}
}

// strangeSubject reports whether the metadata gives a study of the row to another subject; using it would leak.
func (l *loader) strangeSubject(q questionRow) bool {
	for _, study := range []string{q.study, q.reference} {
		if subject, known := l.tables.subjectOf[study]; known && subject != q.subject {
			return true
		}
	}
	return false
}

// takenAt returns when a study was taken.
func (l *loader) takenAt(study string) moment {
	if taken := l.tables.takenAt[study]; taken.date > 0 {
		return taken
	}
	return l.tables.studyImages[study].taken
}

// isAreaQuestion reports whether the question is "what has changed in the ... area?", whose answer states a level only.
func isAreaQuestion(question string) bool {
	q := strings.ToLower(question)
	return strings.HasPrefix(q, "what has changed in the ") && strings.HasSuffix(strings.TrimRight(q, "? "), " area")
}
