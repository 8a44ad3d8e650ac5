package dataset

import (
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
	date  int
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
	r.read(path, columns, func(row *csvfile.Reader) bool {
		study, ok1 := row.ID(0)
		subject, ok2 := row.ID(1)
		reference, ok3 := row.ID(2)
		kind := row.Cell(3)
		split, ok4 := parseSplit(row.Cell(6))
		if !ok3 && kind != difference && row.Cell(2) == "" {
			ok3 = true
		}
		if !ok1 || !ok2 || !ok3 || !ok4 || !questionTypes[kind] {
			return false
		}
		t.questions = append(t.questions, questionRow{
			line: row.Line(), study: intern(study), subject: intern(subject), reference: intern(reference),
			kind: intern(kind), question: intern(row.Cell(4)), answer: intern(row.Cell(5)), split: split,
		})
		return true
	})
	r.digestFile(filepath.Join(filepath.Dir(path), keyInfoName))
	t.studyImages = map[string]studyImage{}
	if studies == "" {
		r.notes = append(r.notes, "no mimic_all.csv in Medical-Diff-VQA: each study is shown by its first frontal image")
		return r
	}
	r.read(studies, []string{"study_id", "dicom_id", "study_date?"}, func(row *csvfile.Reader) bool {
		study, ok := row.ID(0)
		if !ok {
			return false
		}
		if _, seen := t.studyImages[study]; !seen {
			t.studyImages[study] = studyImage{strings.Clone(row.Cell(1)), parseDate(row.Cell(2))}
		}
		return true
	})
	return r
}

// resolveQuestions turns the rows into pairs and questions about images, and counts those that cannot be used. Of several
// causes the row's own come first: reference later, bad answer, no image.
func (l *loader) resolveQuestions(context.Context) error {
	shown := l.studyImage()
	f := &l.faults
	for _, q := range l.tables.questions {
		if l.strangeSubject(q) {
			l.count(&f.Pairs.BadRows, fmt.Sprintf("mimic_pair_questions.csv:%d", q.line))
			continue
		}
		p := Pair{
			ID:   fmt.Sprintf("%s_%s_%d", q.study, q.reference, q.line),
			Type: q.kind, Question: q.question, Answer: q.answer, Split: q.split,
		}
		p.Main, p.Ref = shown(q.study), shown(q.reference)
		isPair := q.kind == difference
		var fault *Tally
		switch {
		case !isPair && (q.answer == "" || p.Main < 0):
			fault = &f.Other.BadQuestions
		case isPair && l.later(q.reference, q.study):
			fault = &f.Pairs.ReferenceLater
		case isPair && !l.checkAnswer(p):
			fault = &f.Pairs.BadAnswer
		case isPair && (p.Main < 0 || p.Ref < 0):
			fault = &f.Pairs.NoImage
		case l.opts.Splits == BySubject && l.splitOf[q.subject] != q.split:
			fault = &f.Other.OtherSplit
		}
		switch {
		case fault != nil:
			l.count(fault, p.ID)
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

// later reports whether study a was taken on a later day than b; false where a date is unknown.
func (l *loader) later(a, b string) bool {
	da, db := l.date(a), l.date(b)
	return da > 0 && db > 0 && da > db
}

func (l *loader) date(study string) int {
	if d := l.tables.dateOf[study]; d > 0 {
		return d
	}
	return l.tables.studyImages[study].date
}

// isAreaQuestion reports whether the question is "what has changed in the ... area?", whose answer states a level only.
func isAreaQuestion(question string) bool {
	q := strings.ToLower(question)
	return strings.HasPrefix(q, "what has changed in the ") && strings.HasSuffix(strings.TrimRight(q, "? "), " area")
}
