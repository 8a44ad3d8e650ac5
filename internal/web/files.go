package web

import (
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"harness/registry"
)

const (
	filesName   = "files" // the trial's own folder, below that of the trial
	filesOnPage = 20      // of a folder, on the page of the trial
	filesAtOnce = 2000    // of a folder, on a page of its own
	fileTime    = time.Hour
	mostFiles   = 32 // that are being sent at once
)

// inlineTypes are the files that a browser shows; all others it saves. None of them can act: no HTML, no SVG, no PDF.
var inlineTypes = map[string]string{
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
}

func init() {
	for _, ending := range strings.Fields(".txt .log .out .err .json .jsonl .csv .tsv .yaml .yml .toml .ini .cfg .md .rst .tex .py .sh .go .c .h .cpp .r .jl .patch .diff") {
		inlineTypes[ending] = "text/plain; charset=utf-8"
	}
}

// files are those of a trial. Nothing outside of its folder can be reached through them, whatever links lie there.
type files struct{ root *os.Root } // nil: the folder is not there

func openFolder(dir string) (files, error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return files{}, nil
	}
	if err != nil {
		return files{}, fmt.Errorf("open folder of the trial: %w", err)
	}
	return files{root}, nil
}

func (f files) Close() {
	if f.root != nil {
		f.root.Close()
	}
}

// open opens a file or a folder. A pipe is not waited for, and nothing else than files and folders is opened.
func (f files) open(name string) (*os.File, fs.FileInfo, error) {
	if f.root == nil {
		return nil, nil, fs.ErrNotExist
	}
	file, err := f.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		err = fmt.Errorf("%s is no file", name)
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

// folder is what lies in a folder.
type folder struct {
	Path    string // below the folder of the trial; "" = that folder
	Entries []fileEntry
	More    bool // than are listed
}

// folderOf is a folder of a trial, as its template takes it.
type folderOf struct {
	ID    string
	Files *folder
}

// In is the folder as one of a trial.
func (f *folder) In(id string) folderOf { return folderOf{id, f} }

// AsEntry is the folder as an entry of another.
func (f *folder) AsEntry() fileEntry {
	return fileEntry{Name: path.Base(f.Path), Path: f.Path, Folder: true}
}

// fileEntry is a file or a folder.
type fileEntry struct {
	Name   string
	Path   string // below the folder of the trial
	Folder bool
	Other  string // what it is, where it is neither a file nor a folder
	Size   int64
	Time   time.Time
}

// list lists a folder by name, at most so many entries; nil where there is none.
func (f files) list(name string, most int) *folder {
	dir, info, err := f.open(orDot(name))
	if err != nil {
		return nil
	}
	defer dir.Close()
	if !info.IsDir() {
		return nil
	}
	names, _ := dir.Readdirnames(filesAtOnce + 1) // what was read before an error is shown
	slices.Sort(names)
	found := &folder{Path: name, More: len(names) > most}
	for _, n := range names[:min(len(names), most)] {
		at := path.Join(name, n)
		entry := fileEntry{Name: n, Path: at}
		info, err := f.root.Lstat(at)
		switch {
		case err != nil:
			continue // it went meanwhile
		case info.Mode()&fs.ModeSymlink != 0:
			if info, err = f.root.Stat(at); err != nil {
				entry.Other = "a link that leads nowhere or out of the trial's folder"
				break
			}
			entry.Folder, entry.Size, entry.Time = info.IsDir(), info.Size(), info.ModTime()
		case info.IsDir():
			entry.Folder, entry.Time = true, info.ModTime()
		case info.Mode().IsRegular():
			entry.Size, entry.Time = info.Size(), info.ModTime()
		default:
			entry.Other = "no file"
		}
		found.Entries = append(found.Entries, entry)
	}
	return found
}

// orDot is the name of a folder as package os has it.
func orDot(name string) string {
	if name == "" {
		return "."
	}
	return name
}

// fileURL is the address of a file of a trial.
func fileURL(id string, e fileEntry) string {
	at := trialURL(id) + "/files/" + escapePath(e.Path)
	if e.Folder && e.Path != "" {
		at += "/"
	}
	return at
}

// filesPage serves a file of a trial, or lists a folder.
func (s *Server) filesPage(w http.ResponseWriter, r *http.Request, id string) {
	name := strings.TrimSuffix(r.PathValue("path"), "/")
	if name != "" && !fs.ValidPath(name) || strings.ContainsRune(name, 0) {
		s.notFound(w, r, "there is no such file")
		return
	}
	files, err := openFolder(s.trialDir(id))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer files.Close()
	file, info, err := files.open(orDot(name))
	if err != nil { // whether it is not there, or a link that leads out, or a pipe
		s.notFound(w, r, "there is no such file")
		return
	}
	defer file.Close()
	if info.IsDir() {
		s.folderPage(w, r, id, files.list(name, filesAtOnce))
		return
	}
	s.serveFile(w, r, file, info)
}

// trialDir is the folder of a trial.
func (s *Server) trialDir(id string) string { return registry.TrialDir(s.o.Home, id) }

// folderPage lists a folder of a trial.
func (s *Server) folderPage(w http.ResponseWriter, r *http.Request, id string, f *folder) {
	if f == nil {
		s.notFound(w, r, "there is no such folder")
		return
	}
	trail := []crumb{{short(id), trialURL(id)}, {"all files", trialURL(id) + "/files/"}}
	at := ""
	for part := range strings.SplitSeq(f.Path, "/") {
		if part != "" {
			at = path.Join(at, part)
			trail = append(trail, crumb{part, fileURL(id, fileEntry{Path: at, Folder: true})})
		}
	}
	s.render(w, r, http.StatusOK, "folder.html", frame{Title: orDot(f.Path) + " of " + short(id), Trail: trail, Styles: []string{"trial.css"}},
		struct {
			folderOf
			Most int
		}{f.In(id), filesAtOnce})
}

// serveFile answers with the contents of a file, or the part of it that is asked for. What a browser does not only show, it saves.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, file *os.File, info fs.FileInfo) {
	if s.sending.Add(1) > mostFiles {
		s.sending.Add(-1)
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too many files are being sent", http.StatusServiceUnavailable)
		return
	}
	defer s.sending.Add(-1)
	h := w.Header()
	h.Add("Content-Security-Policy", "default-src 'none'; sandbox") // should a browser take it for a page in spite of all
	name := path.Base(info.Name())
	if media, inline := inlineTypes[strings.ToLower(path.Ext(name))]; inline {
		h.Set("Content-Type", media)
	} else {
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Content-Disposition", attachment(name))
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(fileTime)) // a checkpoint takes its time
	http.ServeContent(w, r, "", info.ModTime(), file)
}

// attachment tells a browser to save a file, and under which name.
func attachment(name string) string {
	if value := mime.FormatMediaType("attachment", map[string]string{"filename": name}); value != "" {
		return value
	}
	return "attachment"
}
