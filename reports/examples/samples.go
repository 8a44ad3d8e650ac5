package examples

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"harness/internal/escape"
	"harness/metrics"
	"harness/registry"
	"harness/reports"
	"harness/reports/plots"
	"harness/sweeps"
)

// Samples are all test samples of a task with the answer of every row, judged once: to be looked through with a Filter. They are not
// changed by reading, which several goroutines may do.
type Samples struct {
	Name, Handle string
	Task         string
	Tasks        []string // that any row has answered: diffvqa first
	TrialSeed    int64
	Seeds        []int64
	Synthetic    bool
	Rows         []Row
	Measure      Measure
	Findings     []string // that references name, sorted
	Numbers      []Tally  // of the rows

	BoxRows []string // that have predicted boxes

	list []item

	mu    sync.Mutex
	boxes map[string]map[string]string // by row, as they are asked for: what it generated, by IMAGE_REGION
}

// Tally counts the answers of a row.
type Tally struct{ Right, Wrong, None int }

// item is one test sample.
type item struct {
	id, question string
	refs         []string
	answers      []string // by row
	verdicts     []Verdict
	scores       []float32 // NaN where there is none
	findings     []int32   // of Samples.Findings: what the reference names
	images       []string  // files of a program
	imagesOf     int       // the row whose attempt has them
	right, wrong int       // rows
	spread       float32   // the greatest less the smallest score
}

// taskFirst is the task that is shown where none is named.
const taskFirst = "diffvqa"

// ReadSamples reads the answers of the rows of a plan to the samples of a task, controls aside; "" is diffvqa, or the first that there is.
// A row without answers says why. What cannot be met is a *plots.OptionError.
func ReadSamples(plan *sweeps.Plan, results reports.Results, task string, trialSeed *int64) (*Samples, error) {
	at, err := seedOf(plan, "seed", trialSeed)
	if err != nil {
		return nil, err
	}
	s := &Samples{Name: plan.Name, Handle: plan.Handle, Task: task, TrialSeed: plan.Seeds[at], Seeds: plan.Seeds}
	var lists []map[string][]reports.Prediction // of the rows, by task
	for _, r := range plan.Rows {
		if r.Control != "" {
			continue
		}
		row, list, err := readTasks(r, at, results)
		if err != nil {
			return nil, err
		}
		s.Rows, lists = append(s.Rows, row), append(lists, list)
		s.Synthetic = s.Synthetic || row.Absent == "" && results[row.Trial].Synthetic
	}
	if err := s.chooseTask(lists); err != nil {
		return nil, err
	}
	if s.Measure = ByText; s.Task == boxTask {
		s.Measure = ByBoxes
	} else if s.Task == taskFirst {
		s.Measure = ByFindings
	}
	s.keepBoxes(lists)
	s.join(lists)
	s.judge()
	return s, nil
}

// readTasks reads all answers of a row's trial of one seed.
func readTasks(r sweeps.Row, at int, results reports.Results) (Row, map[string][]reports.Prediction, error) {
	row := newRow(r, at, results)
	if row.Absent != "" {
		return row, nil, nil
	}
	list := map[string][]reports.Prediction{}
	same := map[string]string{} // many answers are one text, kept once
	once := func(text string) string {
		if known, ok := same[text]; ok {
			return known
		}
		same[text] = text
		return text
	}
	err := reports.EachPrediction(row.predictions, func(p reports.Prediction) {
		p.Hyp, p.Question, p.Task = once(p.Hyp), once(p.Question), once(p.Task)
		list[p.Task] = append(list[p.Task], p)
	})
	if err == nil && len(list) == 0 {
		row.Absent = "the trial kept no answers"
	}
	return row, list, err
}

// newRow is a row with the reason why it has no answers, if that is known without reading them.
func newRow(r sweeps.Row, at int, results reports.Results) Row {
	row := Row{Name: escape.Line(r.Name), Trial: r.Trials[at]}
	result, known := results[row.Trial]
	row.predictions = result.Predictions
	switch {
	case row.Trial == "":
		row.Absent = "no trial of this seed"
	case !known:
		row.Absent = "not started"
	case row.predictions == "" && result.State == registry.Done:
		row.Absent = "the trial kept no answers"
	case result.State == registry.Stopped:
		row.Absent = escape.Line(result.Error)
	case row.predictions == "" && result.Error != "":
		row.Absent = fmt.Sprintf("%s: %s", result.State, escape.Line(result.Error))
	case row.predictions == "":
		row.Absent = string(result.State)
	}
	return row
}

// chooseTask lists the tasks, and takes the one that was asked for or the first.
func (s *Samples) chooseTask(lists []map[string][]reports.Prediction) error {
	known := map[string]bool{}
	for _, list := range lists {
		for task := range list {
			known[task] = true
		}
	}
	s.Tasks = slices.SortedFunc(maps.Keys(known), func(a, b string) int {
		if (a == taskFirst) != (b == taskFirst) {
			if a == taskFirst {
				return -1
			}
			return 1
		}
		return cmp.Compare(a, b)
	})
	switch {
	case s.Task == "" && len(s.Tasks) > 0:
		s.Task = s.Tasks[0]
	case len(s.Tasks) > 0 && !known[s.Task]:
		return &plots.OptionError{Option: "task", Reason: fmt.Sprintf("%s: the rows have answered %s", escape.Line(s.Task), escape.Line(strings.Join(s.Tasks, ", ")))}
	}
	return nil
}

// keepBoxes notes which rows have predicted boxes, and keeps those of the first.
func (s *Samples) keepBoxes(lists []map[string][]reports.Prediction) {
	s.boxes = map[string]map[string]string{}
	for r, list := range lists {
		if len(list[boxTask]) == 0 {
			continue
		}
		if s.BoxRows = append(s.BoxRows, s.Rows[r].Name); len(s.BoxRows) > 1 {
			continue
		}
		boxes := make(map[string]string, len(list[boxTask]))
		for _, p := range list[boxTask] {
			boxes[p.ID] = p.Hyp
		}
		s.boxes[s.Rows[r].Name] = boxes
	}
}

// join lists the samples of the task that any row has answered, sorted by ID; the first row that has one says what its question and
// reference are.
func (s *Samples) join(lists []map[string][]reports.Prediction) {
	at := map[string]int{}
	for r, list := range lists {
		for _, p := range list[s.Task] {
			i, ok := at[p.ID]
			if !ok {
				i = len(s.list)
				at[p.ID] = i
				s.list = append(s.list, item{id: p.ID, question: p.Question, refs: p.Refs, answers: make([]string, len(s.Rows)), verdicts: make([]Verdict, len(s.Rows))})
			}
			one := &s.list[i]
			one.answers[r] = p.Hyp
			if one.verdicts[r] = WrongAnswer; p.Question != one.question || !slices.Equal(p.Refs, one.refs) {
				one.verdicts[r] = AnsweredElse
			}
			if len(one.images) == 0 && len(p.Images) > 0 {
				one.images, one.imagesOf = p.Images, r
			}
		}
	}
	slices.SortFunc(s.list, func(a, b item) int { return cmp.Compare(a.id, b.id) })
	for r := range s.Rows {
		if row := &s.Rows[r]; row.Absent == "" && len(lists[r][s.Task]) == 0 {
			row.Absent = "the trial answered no sample of " + escape.Line(s.Task)
		}
	}
}

// judge judges all answers and collects the findings.
func (s *Samples) judge() {
	number := map[string]int32{}
	s.Numbers = make([]Tally, len(s.Rows))
	memory := reader{}
	for i := range s.list {
		one := &s.list[i]
		var want *metrics.Answer
		if s.Measure == ByFindings {
			if a, err := memory.read(one.refs[0]); err == nil {
				want = &a
				for _, name := range findingsOf(a) {
					if _, ok := number[name]; !ok {
						number[name] = int32(len(number))
						s.Findings = append(s.Findings, name)
					}
					one.findings = append(one.findings, number[name])
				}
			}
		}
		one.assess(s.Measure, want, s.Numbers, memory.read)
	}
	s.sortFindings()
}

// reader reads difference answers and remembers them: many are one text.
type reader map[string]parsed

type parsed struct {
	answer metrics.Answer
	err    error
}

// mostParsed bounds the answers that a reader remembers.
const mostParsed = 20_000

func (m reader) read(text string) (metrics.Answer, error) {
	known, ok := m[text]
	if !ok {
		if len(m) >= mostParsed {
			clear(m)
		}
		known.answer, known.err = metrics.ParseAnswer(text)
		m[text] = known
	}
	return known.answer, known.err
}

// assess judges the answers of a sample.
func (one *item) assess(m Measure, want *metrics.Answer, numbers []Tally, read func(string) (metrics.Answer, error)) {
	one.scores = make([]float32, len(one.answers))
	low, high := float32(1), float32(0)
	for r, text := range one.answers {
		one.scores[r] = nan32
		if one.verdicts[r] != WrongAnswer {
			numbers[r].None++
			continue
		}
		verdict, score := m.assessRead(text, one.refs, want, read)
		one.verdicts[r], one.scores[r] = verdict, float32(score)
		if verdict == RightAnswer {
			one.right++
			numbers[r].Right++
		} else {
			one.wrong++
			numbers[r].Wrong++
		}
		if score == score {
			low, high = min(low, float32(score)), max(high, float32(score))
		}
	}
	one.spread = max(high-low, 0)
}

// sortFindings puts the findings in the order of their names.
func (s *Samples) sortFindings() {
	place := make([]int32, len(s.Findings))
	sorted := slices.Sorted(slices.Values(s.Findings))
	for i, name := range s.Findings {
		at, _ := slices.BinarySearch(sorted, name)
		place[i] = int32(at)
	}
	for i := range s.list {
		for k, n := range s.list[i].findings {
			s.list[i].findings[k] = place[n]
		}
	}
	s.Findings = sorted
}

// Len is how many samples there are.
func (s *Samples) Len() int { return len(s.list) }

// Bytes is about how much memory the samples take.
func (s *Samples) Bytes() int64 {
	n := int64(1 << 12)
	s.mu.Lock()
	for _, boxes := range s.boxes {
		for id, text := range boxes {
			n += int64(64 + len(id) + len(text))
		}
	}
	s.mu.Unlock()
	for i := range s.list {
		one := &s.list[i]
		n += int64(160 + len(one.id) + len(one.question) + 4*len(one.findings) + len(one.answers)*(16+1+4))
		for _, texts := range [][]string{one.refs, one.answers, one.images} {
			for _, text := range texts {
				n += int64(len(text)) // one that several share is counted several times: a bound
			}
		}
	}
	return n
}
