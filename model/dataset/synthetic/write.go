package synthetic

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"harness/model/dataset/grayjpeg"
)

// jpegQuality keeps the texture of fine findings.
const jpegQuality = 95

// Write draws the data set of p and puts it at root, on all cores. It writes beside root and renames at the end, so root
// is whole or untouched; it replaces an earlier synthetic set, and refuses any other folder that is not empty. progress,
// if not nil, is called with the number of patients done, from one goroutine at a time. One writer of a root at a time.
func Write(ctx context.Context, root string, p Params, progress func(done, total int)) error {
	return write(ctx, root, p, true, progress)
}

// WriteTexts writes what Write does, but with films that state their size and show nothing: for who counts tokens and pairs. It takes a
// small part of the time.
func WriteTexts(ctx context.Context, root string, p Params) error {
	return write(ctx, root, p, false, nil)
}

func write(ctx context.Context, root string, p Params, pictures bool, progress func(done, total int)) error {
	if err := p.Validate(); err != nil {
		return fmt.Errorf("synthetic data: %w", err)
	}
	root = filepath.Clean(root)
	if err := checkReplaceable(root); err != nil {
		return err
	}
	partial := root + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return fmt.Errorf("write synthetic data: %w", err)
	}
	err := writeAll(ctx, partial, p, pictures, progress)
	if err == nil {
		err = os.RemoveAll(root)
	}
	if err == nil {
		err = os.Rename(partial, root)
	}
	if err != nil {
		os.RemoveAll(partial)
		return fmt.Errorf("write synthetic data: %w", err)
	}
	return nil
}

// checkReplaceable refuses a root that holds anything but an earlier output.
func checkReplaceable(root string) error {
	entries, err := os.ReadDir(root)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("write synthetic data: %w", err)
	case len(entries) == 0:
		return nil
	}
	note, err := os.ReadFile(filepath.Join(root, noteName))
	if err != nil || !bytes.HasPrefix(note, []byte("SynCXR:")) {
		return fmt.Errorf("write synthetic data: %s is not empty and not an earlier synthetic set", root)
	}
	return nil
}

// patientRows is one worker's result.
type patientRows struct {
	patient int
	rows    *rows
	err     error
}

// writeAll runs the patients on all cores and appends their rows in order.
func writeAll(ctx context.Context, root string, p Params, pictures bool, progress func(done, total int)) error {
	films, err := grayjpeg.NewEncoder(jpegQuality)
	if err != nil {
		return err
	}
	out, err := createTables(root)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	todo, results := make(chan int), make(chan patientRows)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for patient := range todo {
				rows, err := writePatient(root, p, films, patient, pictures)
				results <- patientRows{patient, rows, err}
			}
		})
	}
	go func() {
		defer close(results)
		defer workers.Wait()
		defer close(todo)
		for patient := range p.Patients {
			select {
			case todo <- patient:
			case <-ctx.Done():
				return
			}
		}
	}()

	pending, next := map[int]*rows{}, 0
	for res := range results {
		err = cmp.Or(err, res.err)
		pending[res.patient] = res.rows
		for ; err == nil && pending[next] != nil; next++ {
			err = out.write(pending[next])
			delete(pending, next)
			if progress != nil {
				progress(next+1, p.Patients)
			}
		}
		if err != nil {
			cancel()
		}
	}
	err = cmp.Or(err, out.close())
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, noteName), []byte(p.note()), 0o644)
}

// diffSplit is the split of a patient's question rows: the first 80% train, then 10% val, then 10% test, by position.
func diffSplit(patient, patients int) string {
	tenth := max(1, patients/10)
	switch {
	case patient >= patients-tenth:
		return "test"
	case patient >= patients-2*tenth:
		return "val"
	}
	return "train"
}

// patientWriter writes the files of one patient and gathers the rows.
type patientWriter struct {
	root    string
	p       Params
	r       *rand.Rand
	habitus habitus
	subject int
	split   string  // of the question rows
	mimic   string  // official split of MIMIC-CXR, unrelated to the other two
	genome  tableID // official split of ImaGenome
	out     *rows
	films   *grayjpeg.Encoder
	file    []byte // of the film that is written

	pictures bool // else films show nothing
}

// writePatient draws one patient from a stream of random numbers of its own, so that threads cannot matter.
func writePatient(root string, p Params, films *grayjpeg.Encoder, patient int, pictures bool) (*rows, error) {
	r := rand.New(rand.NewPCG(uint64(p.Seed), uint64(patient)))
	w := &patientWriter{root: root, p: p, r: r, habitus: p.design().habitus(r), subject: subjectID(patient),
		split: diffSplit(patient, p.Patients), mimic: "train", genome: trainTable, out: &rows{}, films: films, pictures: pictures}
	switch official := r.Float64(); {
	case official > .99:
		w.mimic = "test"
	case official > .98:
		w.mimic = "validate"
	}
	switch official := r.Float64(); {
	case official > .8:
		w.genome = testTable
	case official > .7:
		w.genome = validTable
	}
	day := time.Date(2110+r.IntN(80), time.January, 1+r.IntN(365), 0, 0, 0, 0, time.UTC)
	studies := make([]*study, p.Studies)
	for i := range studies {
		st := &study{id: studyID(patient, i), subject: w.subject, dicom: dicomID(r), ap: r.IntN(2) == 0}
		var prior *study
		if i == 0 {
			st.state = firstState(r, p)
		} else {
			prior = studies[i-1]
			st.state = prior.state.next(r, p)
		}
		st.order = st.state.present()
		if !p.StableOrder {
			shuffle(r, st.order)
		}
		st.date = day.Format("20060102")
		st.time = fmt.Sprintf("%02d%02d%02d.%03d", r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1000))
		day = day.AddDate(0, 0, 1+r.IntN(200))
		if err := w.writeStudy(st, prior, i); err != nil {
			return nil, err
		}
		studies[i] = st
	}
	w.addQuestions(studies)
	return w.out, nil
}

// writeStudy writes a study's images, report and scene graph, and adds its rows.
func (w *patientWriter) writeStudy(st, prior *study, order int) error {
	folder := "files/" + subjectFolder(w.subject)
	film := fmt.Sprintf("%s/s%d/%s", folder, st.id, st.dicom)
	look := rand.New(rand.NewPCG(w.r.Uint64(), w.r.Uint64())) // of its own: how many draws an image takes may differ between CPUs
	g := st.state.geometry(look, w.habitus, &st.state, st.ap)
	size := image.Rect(0, 0, g.width, g.height)
	err := w.writeImage(jpgFolder+"/"+film+".jpg", size, func() *image.Gray {
		return st.state.film(look, w.habitus, &g, &st.state, drawExposure(look, st.ap), w.p)
	})
	if err != nil {
		return err
	}
	text, said := st.state.texts(w.r, &st.state, st.ap, order == 0, w.p)
	if err := w.writeFile(fmt.Sprintf("%s/%s/s%d.txt", reportFolder, folder, st.id), []byte(text)); err != nil {
		return err
	}
	scene, err := sceneGraphJSON(w.r, w.habitus, &g, st, prior, order, said, w.p)
	if err != nil {
		return err
	}
	if err := w.writeFile(genomeFolder+"/scene_graph/"+st.dicom+"_SceneGraph.json", scene); err != nil {
		return err
	}

	subject, id := strconv.Itoa(st.subject), strconv.Itoa(st.id)
	view, code, step := "PA", "postero-anterior", "CHEST (PA AND LAT)"
	if st.ap {
		view, code, step = "AP", "antero-posterior", "CHEST (PORTABLE AP)"
	}
	w.addImage(st, film, view, code, step, size)
	w.out.add(w.genome, subject, id, st.dicom, film+".dcm", view)
	w.out.add(reportTable, subject, id, fmt.Sprintf("%s/s%d.txt", folder, st.id))
	cells := append([]string{subject, id}, chexpertCells(&st.state)...)
	w.out.add(chexpertTable, cells...)
	w.out.add(negbioTable, cells...)
	w.out.add(allTable, append(cells[:len(cells):len(cells)], st.dicom, code, w.mimic, st.date, strconv.Itoa(order+1))...)
	key, err := keyInfo(st)
	if err != nil {
		return err
	}
	w.out.keyInfo = append(w.out.keyInfo, key)

	if w.r.Float64() < w.p.Laterals {
		side := *st
		side.dicom = dicomID(w.r)
		path := fmt.Sprintf("%s/s%d/%s", folder, st.id, side.dicom)
		w.addImage(&side, path, "LATERAL", "lateral", step, size)
		return w.writeImage(jpgFolder+"/"+path+".jpg", size, func() *image.Gray { return drawLateral(look, w.habitus, &g, w.p) })
	}
	return nil
}

// addImage adds the rows that every image has. One frontal image in a hundred has its view in the code alone.
func (w *patientWriter) addImage(st *study, path, view, code, step string, size image.Rectangle) {
	subject, id := strconv.Itoa(st.subject), strconv.Itoa(st.id)
	if view != "LATERAL" && w.r.IntN(100) == 0 {
		view = ""
	}
	w.out.add(metadataTable, st.dicom, subject, id, step, view, strconv.Itoa(size.Dy()), strconv.Itoa(size.Dx()),
		st.date, strings.TrimLeft(st.time[:5], "0")+st.time[5:], step, code, "Erect")
	w.out.add(splitTable, st.dicom, id, subject, w.mimic)
	w.out.add(filenamesTable, path+".jpg")
	w.out.add(recordTable, subject, id, st.dicom, path+".dcm")
}

// addQuestions adds the rows of every study and every ordered pair. A question about one image has the study before as its
// reference; the first study is its own.
func (w *patientWriter) addQuestions(studies []*study) {
	add := func(main, ref *study, list []question) {
		for _, q := range list {
			w.out.add(questionTable, strconv.Itoa(main.id), strconv.Itoa(main.subject), strconv.Itoa(ref.id), q.kind, q.text, q.answer, w.split)
		}
	}
	for i, main := range studies {
		add(main, studies[max(i-1, 0)], about(w.r, main))
		for _, ref := range studies[:i] {
			add(main, ref, differences(w.r, ref, main, w.p))
		}
	}
}

// writeImage writes a film as draw draws it.
func (w *patientWriter) writeImage(path string, size image.Rectangle, draw func() *image.Gray) error {
	if w.pictures {
		w.file = w.films.Append(w.file[:0], draw())
	} else {
		w.file = w.films.Append(w.file[:0], image.NewGray(image.Rect(0, 0, 8, 8)))
		stateSize(w.file, size)
	}
	return w.writeFile(path, w.file)
}

// stateSize puts a size into the header of a JPEG.
func stateSize(jpeg []byte, size image.Rectangle) {
	frame := jpeg[bytes.Index(jpeg, []byte{0xff, 0xc0}):] // marker, length, precision, height, width
	binary.BigEndian.PutUint16(frame[5:], uint16(size.Dy()))
	binary.BigEndian.PutUint16(frame[7:], uint16(size.Dx()))
}

func (w *patientWriter) writeFile(path string, data []byte) error {
	path = filepath.Join(w.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
