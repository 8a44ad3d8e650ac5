package web

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"harness/internal/view"
	"harness/model/spec"
	"harness/registry"
)

const (
	formField = "form"      // the field that shows that a form came from a page of this server
	formBytes = 64 << 10    // of what is sent
	noteBytes = 16 << 10    // of a note
	writeTime = time.Minute // to wait for somebody else who writes
)

// editForm is what the forms of a page need.
type editForm struct{ Field, Secret string }

func (s *Server) newEditForm() *editForm { return &editForm{formField, s.formSecret} }

// isEdit reports whether a form is sent to an address that takes one.
func isEdit(path string) bool {
	return strings.HasPrefix(path, "/trials/") && (strings.HasSuffix(path, "/tags") || strings.HasSuffix(path, "/note"))
}

// editRoutes are the addresses that change what people say of trials. They exist where that is allowed.
func (s *Server) editRoutes(mux *http.ServeMux) {
	if !s.o.Edit {
		return
	}
	mux.HandleFunc("POST /trials/{id}/tags", s.edit(s.editTags))
	mux.HandleFunc("POST /trials/{id}/note", s.edit(s.editNote))
}

// edit lets through what a form of this server's pages sends, and leads back to the trial's page. Another site's page can send a form here in
// the name of the reader: it is told by what browsers say of themselves, and it does not know the secret.
func (s *Server) edit(change func(r *http.Request, db *registry.DB, id string) error) http.HandlerFunc {
	var origin http.CrossOriginProtection
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, formBytes)
		err := r.ParseForm()
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			s.refuse(w, r, http.StatusRequestEntityTooLarge, fmt.Sprintf("that is too much: a form has at most %d bytes", formBytes))
			return
		case err != nil:
			s.refuse(w, r, http.StatusBadRequest, "the form cannot be read")
			return
		case origin.Check(r) != nil:
			s.refuse(w, r, http.StatusForbidden, "the form came from another site")
			return
		case subtle.ConstantTimeCompare([]byte(r.PostFormValue(formField)), []byte(s.formSecret)) != 1:
			s.refuse(w, r, http.StatusForbidden, "the form is of an earlier start of this server: load the page anew and send it again")
			return
		}
		id := r.PathValue("id")
		if err := s.write(r.Context(), id, func(ctx context.Context, db *registry.DB) error { return change(r.WithContext(ctx), db, id) }); err != nil {
			s.fail(w, r, err)
			return
		}
		http.Redirect(w, r, trialURL(id)+"#said-of", http.StatusSeeOther)
	}
}

// refuse answers a form that changes nothing.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, why string) {
	s.render(w, r, status, "error.html", frame{Title: "not changed"}, fault{What: why, Hint: "nothing was changed"})
}

// write opens the registry for writing, for as long as fn takes: a sweep that runs writes, too, and each waits for the other for a moment.
func (s *Server) write(ctx context.Context, id string, fn func(ctx context.Context, db *registry.DB) error) (err error) {
	if len(id) < spec.MinPrefix {
		return registry.ErrUnknown
	}
	s.writing.Lock() // one after the other
	defer s.writing.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime) // a reader who goes does not leave half of it
	defer cancel()
	if err := s.read(ctx, func(*registry.DB) error { return nil }); err != nil { // where nothing was run nothing is made
		return err
	}
	db, err := registry.Open(ctx, s.o.Home)
	if err != nil {
		return err
	}
	return errors.Join(fn(ctx, db), db.Close())
}

// editTags adds the tags of field add, which spaces or commas separate, and takes away those of field remove.
func (s *Server) editTags(r *http.Request, db *registry.DB, id string) error {
	add := strings.FieldsFunc(r.PostFormValue("add"), func(c rune) bool { return c == ',' || c == ' ' || c == '\t' })
	remove := r.PostForm["remove"]
	if err := view.CheckTags("tags", add); err != nil {
		return err
	}
	t, err := trialNow(r.Context(), db, id)
	if err != nil {
		return err
	}
	return db.SetTags(r.Context(), id, view.Tagged(t.Tags, add, remove))
}

// editNote replaces the note; an empty one removes it. Field was is the note that the reader saw: what somebody else has written since is not lost.
func (s *Server) editNote(r *http.Request, db *registry.DB, id string) error {
	note, was := lineEnds(r.PostFormValue("note")), lineEnds(r.PostFormValue("was"))
	switch {
	case len(note) > noteBytes:
		return badRequest{fmt.Errorf("note: %d bytes: want at most %d", len(note), noteBytes)}
	case !utf8.ValidString(note):
		return badRequest{errors.New("note: it is no text in UTF-8")}
	}
	t, err := trialNow(r.Context(), db, id)
	if err != nil {
		return err
	}
	if lineEnds(t.Note) != was {
		return badRequest{errors.New("note: it was changed meanwhile, and is as it was: go back to find your text, and load the page anew to see the other")}
	}
	return db.SetNote(r.Context(), id, note)
}

// trialNow is a trial as it stands.
func trialNow(ctx context.Context, db *registry.DB, id string) (registry.Trial, error) {
	trials, err := db.Trials(ctx, registry.Query{IDs: []string{id}, All: true, Brief: true})
	if err == nil && len(trials) == 0 {
		err = fmt.Errorf("trial %s: %w", id, registry.ErrUnknown)
	}
	if err != nil {
		return registry.Trial{}, err
	}
	return trials[0], nil
}

// lineEnds are those of files, where forms have others, and none at the end.
func lineEnds(text string) string {
	return strings.TrimRight(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
}
