package cli

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"harness/metrics"
	"harness/metrics/fileformat"
)

// scoreFiles are the files of harness score and how they are read.
type scoreFiles struct {
	hyps       []string
	refs       []string
	both       bool // one file holds both sides
	format     string
	hypColumn  string
	refColumns []string
	idColumns  []string
	byPosition bool
}

// scoreFormats is what the help says about files.
const scoreFormats = `
Files are recognised by their ending and their content:
  .json    {"ID": ["text", ...]}, COCO annotations or results, lists of texts, {"predictions": [...], "references": [...]}
  .jsonl   one object a line: id or image_id, and caption, prediction, reference, references, text or answer
  .csv     a header and rows, separated by commas, semicolons or tabs; .tsv by tabs; names as in .jsonl, or ref1, ref2
  .txt     one text a line; what looks like another format is refused unless --format text
Rows are joined by id, and 7 and "7" are one; files without ids by position. With image_id the rows of one image are its
references. Several files of references are joined with --refs. - is standard input, and .gz is unpacked.
`

func (o *scoreFiles) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&o.refs, "refs", nil, "`file` of references; give it again for more references of the same samples")
	f.StringVar(&o.format, "format", "", "read every file as `format` json, jsonl, csv, tsv or text (default: recognised)")
	f.StringVar(&o.hypColumn, "hyp-column", "", "`column` or key of the hypotheses (default: prediction, hypothesis, caption, text, ...)")
	f.StringArrayVar(&o.refColumns, "ref-column", nil, "`column` or key of the references; may be given again (default: reference, references, caption, ...)")
	f.StringArrayVar(&o.idColumns, "id-column", nil,
		"`column` or key of the ids; given again, the first that a file has (default: id, image_id, sample_id or question_id)")
	f.BoolVar(&o.byPosition, "by-position", false, "join rows by their order, whatever ids they have")
}

// arguments tells the files of the command line apart.
func (o *scoreFiles) arguments(args []string) error {
	switch {
	case len(o.refs) > 0 && len(args) > 0:
		o.hyps = args
	case len(o.refs) == 0 && len(args) > 1:
		o.hyps, o.refs = args[:len(args)-1], args[len(args)-1:]
	case len(args) == 1:
		o.hyps, o.refs, o.both = args, args, true
	default:
		return usageError("score needs a file of hypotheses and a file of references")
	}
	return nil
}

func (o *scoreFiles) check() error {
	stdin := 0
	for _, name := range slices.Concat(o.hyps, o.refs) {
		if name == "-" && !o.both {
			stdin++
		}
	}
	switch {
	case o.format != "" && !slices.Contains(fileformat.Formats, fileformat.Format(o.format)):
		return usageError("unknown format %q; known are json, jsonl, csv, tsv, text", o.format)
	case stdin > 1:
		return usageError("standard input can be only one of the files")
	case o.byPosition && len(o.idColumns) > 0:
		return usageError("--by-position reads no ids, and --id-column names them")
	}
	return nil
}

// read parses the files and pairs every system with the references. The notes are what a reader of the numbers must know of the files.
func (o *scoreFiles) read(stdin io.Reader) (systems [][]metrics.Sample, notes []string, err error) {
	files, err := o.parse(stdin)
	if err != nil {
		return nil, nil, err
	}
	if o.both && (files[0].Columns == nil || slices.Equal(files[0].Columns, files[1].Columns)) {
		return nil, nil, usageError("score needs a file of hypotheses and a file of references: %s does not hold both", o.hyps[0])
	}
	refs, short, err := fileformat.Merge(files[len(o.hyps):])
	if err != nil {
		return nil, nil, err
	}
	if short > 0 {
		notes = append(notes, fmt.Sprintf("%d of %d ids have no reference in some of the files of references", short, len(refs.IDs)))
	}
	for i, hyps := range files[:len(o.hyps)] {
		samples, err := fileformat.Pair(hyps, refs)
		if err != nil {
			return nil, nil, err
		}
		systems = append(systems, samples)
		notes = append(notes, suspicious(systemName(o.hyps, i), samples)...)
	}
	return systems, notes, nil
}

// parse reads all files at once: those of hypotheses, then those of references.
func (o *scoreFiles) parse(stdin io.Reader) ([]*fileformat.File, error) {
	options := fileformat.Options{Format: fileformat.Format(o.format), IDs: o.idColumns, ByPosition: o.byPosition, Both: o.both}
	forHyps, forRefs := options, options
	forHyps.Side, forRefs.Side, forRefs.Texts = fileformat.Hypotheses, fileformat.References, o.refColumns
	if o.hypColumn != "" {
		forHyps.Texts = []string{o.hypColumn}
	}
	names := slices.Concat(o.hyps, o.refs)
	read := map[string]func() ([]byte, error){} // by name: a file that is named twice is read once, as standard input must be
	for _, name := range names {
		read[name] = sync.OnceValues(func() ([]byte, error) { return readAll(name, stdin) })
	}
	files, errs := make([]*fileformat.File, len(names)), make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() {
			opts := forHyps
			if i >= len(o.hyps) {
				opts = forRefs
			}
			data, err := read[name]()
			if err == nil {
				files[i], err = fileformat.ParseAs(name, data, opts)
				if err != nil && o.both {
					err = usageError("score needs a file of hypotheses and a file of references, or one that holds both: %w", err)
				}
			}
			errs[i] = err
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// readAll reads a file, or standard input for -, and unpacks what gzip has packed.
func readAll(name string, stdin io.Reader) ([]byte, error) {
	var data []byte
	var err error
	if name == "-" {
		if data, err = io.ReadAll(stdin); err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
	} else if data, err = os.ReadFile(name); err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(data, []byte("\x1f\x8b")) {
		return data, nil
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(data))
	if err == nil {
		data, err = io.ReadAll(unpacked)
	}
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", name, err)
	}
	return data, nil
}

// missingWords are what other programs write where a text is missing.
var missingWords = []string{"nan", "NaN", "null", "NULL"}

// suspicious returns notes on texts that are scored as they are but may have been lost on the way.
func suspicious(name string, samples []metrics.Sample) []string {
	empty, missing, refs := 0, 0, 0
	for _, s := range samples {
		text := strings.TrimSpace(s.Hyp)
		if text == "" {
			empty++
		}
		if slices.Contains(missingWords, text) {
			missing++
		}
		if slices.ContainsFunc(s.Refs, func(ref string) bool { return strings.TrimSpace(ref) == "" || slices.Contains(missingWords, ref) }) {
			refs++
		}
	}
	var notes []string
	for _, note := range []struct {
		count int
		text  string
	}{
		{empty, name + ": %d of %d hypotheses are empty"},
		{missing, name + `: %d of %d hypotheses read "nan" or "null", and are scored so`},
		{refs, `%d of %d samples have a reference that is empty or reads "nan" or "null"`},
	} {
		if note.count > 0 {
			notes = append(notes, fmt.Sprintf(note.text, note.count, len(samples)))
		}
	}
	return notes
}

// systemName returns the shortest name that tells system i from the others.
func systemName(files []string, i int) string {
	base := filepath.Base(files[i])
	for k, other := range files {
		if k != i && filepath.Base(other) == base {
			return files[i]
		}
	}
	return base
}
