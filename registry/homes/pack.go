package homes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"harness/model/spec"
	"harness/registry"
	"harness/registry/bundle"
	"harness/registry/provenance"
)

// Choice says what goes into a bundle.
type Choice struct {
	Sweeps  []string          // handles
	Trials  []string          // IDs, beside those of the sweeps
	Weights bool              // with stages of training, checkpoints, and the files that programs kept
	Data    bool              // with the data files of programs' folders, up to the size to which they are known by their contents
	Stale   map[string]string // what the table says of results that come from other code than is there now
}

// Packing is what goes into a bundle.
type Packing struct {
	Sources []bundle.Source
	Record  Record
}

// packer gathers it.
type packer struct {
	db       *registry.DB
	choice   Choice
	sources  map[string]bundle.Source // by path
	record   Record
	trials   []registry.Trial
	leftOut  map[LeftOut]bool
	programs bool
}

// Pack lists what a bundle of sweeps and trials holds: their plans, attempts and code, and what a reviewer must know. A trial that is
// running is refused.
func Pack(ctx context.Context, db *registry.DB, c Choice) (*Packing, error) {
	p := &packer{db: db, choice: c, sources: map[string]bundle.Source{}, leftOut: map[LeftOut]bool{}}
	ids := slices.Clone(c.Trials)
	for _, handle := range c.Sweeps {
		members, err := p.plan(ctx, handle)
		if err != nil {
			return nil, err
		}
		ids = append(ids, members...)
	}
	slices.Sort(ids)
	var err error
	if p.trials, err = db.Trials(ctx, registry.Query{IDs: slices.Compact(ids), All: true}); err != nil {
		return nil, err
	}
	if len(p.trials) == 0 {
		return nil, errors.New("there is no trial to bundle")
	}
	slices.SortFunc(p.trials, func(a, b registry.Trial) int { return strings.Compare(a.ID, b.ID) })
	for _, t := range p.trials {
		if err := p.trial(ctx, t); err != nil {
			return nil, fmt.Errorf("bundle trial %s: %w", t.ID, err)
		}
	}
	return p.finish()
}

func (p *packer) add(s bundle.Source) { p.sources[s.Path] = s }

// plan adds the plan of a sweep and returns its trials.
func (p *packer) plan(ctx context.Context, handle string) (ids []string, err error) {
	s, err := p.db.Sweep(ctx, handle)
	if err != nil {
		return nil, err
	}
	name, data, err := p.db.PlanFile(ctx, handle)
	if err != nil {
		return nil, err
	}
	p.add(bundle.Bytes(homeFolder+"plans/"+name, data))
	p.record.Sweeps = append(p.record.Sweeps, handle)
	for _, m := range s.Members {
		ids = append(ids, m.ID)
	}
	return ids, nil
}

func (p *packer) trial(ctx context.Context, t registry.Trial) error {
	if registry.Runs(p.db.Home, t.ID) {
		return errors.New("it is running: wait for its end, or stop it")
	}
	attempts, err := p.db.Attempts(ctx, t.ID)
	if err != nil {
		return err
	}
	known := TrialRecord{ID: t.ID, Result: t.Result, Stale: p.choice.Stale[t.ID]}
	for _, a := range attempts {
		if a.Number == t.Result {
			known.UUID = a.UUID
		}
		if err := p.code(ctx, a); err != nil {
			return err
		}
	}
	p.record.Trials = append(p.record.Trials, known)
	p.programs = p.programs || t.Spec.Command != ""
	p.inputs(t.Spec)
	if p.choice.Weights && t.Spec.Command == "" {
		if err := p.stages(t.Spec); err != nil {
			return err
		}
	}
	return p.files(t.ID)
}

// files adds the files of a trial's folder: its records, and with Weights all that it kept.
func (p *packer) files(id string) error {
	in := homeFolder + "trials/" + id + "/"
	return eachFile(p.db.TrialDir(id), func(rel, path string, info fs.FileInfo) error {
		if rel == "meta.json" || isRecord(rel) || p.choice.Weights && isKept(rel) {
			p.add(sourceOf(in+rel, path, info))
		}
		return nil
	}, func(rel string) {
		if isRecord(rel) || p.choice.Weights && isKept(rel) {
			p.leave(LeftOut{Kind: HomeFile, Key: "trials/" + id + "/" + rel, Why: "it is a link or no file"})
		}
	})
}

// isRecord reports whether a path in a trial's folder is N/NAME with a name of registry.Records.
func isRecord(rel string) bool {
	attempt, name, ok := strings.Cut(rel, "/")
	return ok && isAttempt(attempt) && slices.Contains(registry.Records, name)
}

// isKept reports whether a path in a trial's folder is one of its own files, or of an attempt's.
func isKept(rel string) bool {
	folder, name, ok := strings.Cut(rel, "/")
	return ok && (folder == "files" || isAttempt(folder) && !isRecord(rel)) && !isScratch(name)
}

func isAttempt(name string) bool {
	n, err := strconv.Atoi(name)
	return err == nil && n > 0 && strconv.Itoa(n) == name
}

// code adds the snapshot of a program's folder, with the contents of what is known of it.
func (p *packer) code(ctx context.Context, a registry.Attempt) error {
	if a.Code == "" {
		return nil
	}
	name := homeFolder + "code/" + a.Code + ".json"
	if _, done := p.sources[name]; done {
		return nil
	}
	code, err := provenance.Load(p.db.Home, a.Code)
	if errors.Is(err, provenance.ErrNoSnapshot) {
		p.leave(LeftOut{Kind: HomeFile, Key: "code/" + a.Code + ".json", Why: "the snapshot is not kept here any more"})
		return nil
	}
	if err != nil {
		return err
	}
	path := filepath.Join(p.db.Home, "code", a.Code+".json")
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	p.add(sourceOf(name, path, info))
	for _, f := range code.Files {
		if !f.Code && !p.choice.Data {
			p.leave(programFile(f, "data"))
			continue
		}
		path := homeFolder + "code/files/" + f.Digest
		if _, have := p.sources[path]; have { // another snapshot has it
			continue
		}
		_, ok := code.Find(ctx, f)
		switch {
		case ok:
			p.add(bundle.Source{Path: path, Mode: bundle.Plain, Open: found(ctx, code, f)})
		case f.Sampled:
			p.leave(programFile(f, "too large to be known by its whole contents"))
		case strings.HasPrefix(f.Digest, "link:"):
			p.leave(programFile(f, "a link"))
		case f.Digest != "":
			p.leave(programFile(f, "its contents of then are found nowhere"))
		}
	}
	return nil
}

// found opens the contents of a file of a snapshot.
func found(ctx context.Context, code *provenance.Code, f provenance.File) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		contents, ok := code.Find(ctx, f)
		if !ok {
			return nil, fmt.Errorf("%s: its contents are gone", f.Path)
		}
		return io.NopCloser(bytes.NewReader(contents)), nil
	}
}

func programFile(f provenance.File, why string) LeftOut {
	return LeftOut{Kind: ProgramFile, Key: f.Path, Digest: f.Digest, Size: f.Size, Why: why}
}

// inputs notes the data and weights that a built-in trial reads.
func (p *packer) inputs(t spec.Trial) {
	for _, in := range t.Inputs() {
		if *in.Path != "" {
			p.leave(LeftOut{Kind: Input, Key: in.Key, Path: *in.Path, Digest: *in.Digest})
		}
	}
}

// stages adds what the stages of a trial's training came to.
func (p *packer) stages(t spec.Trial) error {
	for _, s := range spec.Stages {
		name := string(s) + "-" + t.StageID(s)
		err := eachFile(filepath.Join(p.db.Home, "stages", name), func(rel, path string, info fs.FileInfo) error {
			if rel != "lock" && !isScratch(rel) {
				p.add(sourceOf(homeFolder+"stages/"+name+"/"+rel, path, info))
			}
			return nil
		}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *packer) leave(l LeftOut) { p.leftOut[l] = true }

// finish adds what the bundle says about itself.
func (p *packer) finish() (*Packing, error) {
	r := &p.record
	slices.Sort(r.Sweeps)
	r.Sweeps = slices.Compact(r.Sweeps)
	r.LeftOut = []LeftOut{}
	for l := range p.leftOut {
		r.LeftOut = append(r.LeftOut, l)
	}
	slices.SortFunc(r.LeftOut, compareLeftOut)
	encoded, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return nil, err
	}
	p.add(bundle.Bytes(recordFile, append(encoded, '\n')))
	p.add(bundle.Bytes(readmeFile, []byte(p.readme())))
	packing := &Packing{Record: *r}
	for _, s := range p.sources {
		packing.Sources = append(packing.Sources, s)
	}
	slices.SortFunc(packing.Sources, func(a, b bundle.Source) int { return strings.Compare(a.Path, b.Path) })
	return packing, nil
}

func compareLeftOut(a, b LeftOut) int {
	for _, c := range [...]int{strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.Key, b.Key), strings.Compare(a.Path, b.Path),
		strings.Compare(a.Digest, b.Digest), strings.Compare(a.Why, b.Why)} {
		if c != 0 {
			return c
		}
	}
	return 0
}

// readme tells a reviewer what to do. Its lines depend on nothing but what is in the bundle.
func (p *packer) readme() string {
	var b bytes.Buffer
	report := "harness --home review show " + p.trials[0].ID
	if len(p.record.Sweeps) > 0 {
		report = "harness --home review report " + word(p.record.Sweeps[0])
	}
	fmt.Fprintf(&b, "# %s\n\n", p.title())
	fmt.Fprintln(&b, "1. Build the harness (`go build`), and check the file: `harness verify FILE`. It prints the bundle's name; compare it with the paper's.")
	fmt.Fprintln(&b, "2. Unpack it into a home of its own: `harness --home review unbundle FILE`")
	fmt.Fprintf(&b, "3. Print the table, byte for byte as the authors had it: `%s`\n", report)
	fmt.Fprintln(&b, "4. List the trials: `harness --home review ls`; all that is known of one: `harness --home review show ID`")
	fmt.Fprintln(&b, "5. Read what a trial printed: `harness --home review trial log ID`")
	fmt.Fprintln(&b, "6. Compare every file with its checksum: `harness --home review verify`")
	if p.programs {
		fmt.Fprintln(&b, "7. Run a trial again from the code in here, **which runs that code on your machine**: `harness --home review trial rerun ID`")
	} else {
		fmt.Fprintln(&b, "7. Train a trial again from the start and compare every number: `harness --home review trial rerun ID`")
	}
	fmt.Fprintln(&b, "8. "+p.absent())
	fmt.Fprintln(&b, "9. Plans are under home/plans, journals and answers under home/trials, code under home/code; a journal line is `crc32 JSON`.")
	fmt.Fprintln(&b, "10. `tar --zstd -xf FILE` unpacks it, too; MANIFEST.json has the SHA-256 of every file.")
	return b.String()
}

// title is what the bundle is of, for people.
func (p *packer) title() string {
	n := "1 trial"
	if len(p.trials) > 1 {
		n = fmt.Sprintf("%d trials", len(p.trials))
	}
	if len(p.record.Sweeps) == 0 {
		return n
	}
	return n + " of " + strings.Join(p.record.Sweeps, ", ")
}

// absent says in words what was left out.
func (p *packer) absent() string {
	counts := map[InputKind]int{}
	for _, l := range p.record.LeftOut {
		counts[l.Kind]++
	}
	if len(counts) == 0 {
		return "Nothing that the trials read is missing in here, other than the programs of your machine."
	}
	return fmt.Sprintf("Not in here are inputs (data, weights): %d; files of programs' folders: %d. bundle.json lists each with its digest; `--data DIR` and "+
		"`--input KEY=PATH` of rerun give them.", counts[Input], counts[ProgramFile]+counts[HomeFile])
}

// word is a name as a word of a shell.
func word(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool {
		return !strings.ContainsRune("@=.,-_/+", r) && (r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' || r > 'z')
	}) {
		return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
	}
	return name
}
