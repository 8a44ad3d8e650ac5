package runner

import (
	"os"
	"sync"
	"time"
)

// groupSync makes files durable together: those that come within a moment share what the disk has to do. Trials of
// milliseconds end faster than a disk can sync each of them.
type groupSync struct {
	mu      sync.Mutex
	waiting []waitingFile
}

type waitingFile struct {
	file *os.File
	done chan error
}

// gather is how long a file waits for others.
const gather = 10 * time.Millisecond

// sync returns when the file is durable.
func (g *groupSync) sync(file *os.File) error {
	w := waitingFile{file, make(chan error, 1)}
	g.mu.Lock()
	if g.waiting = append(g.waiting, w); len(g.waiting) == 1 {
		time.AfterFunc(gather, g.run)
	}
	g.mu.Unlock()
	return <-w.done
}

func (g *groupSync) run() {
	g.mu.Lock()
	files := g.waiting
	g.waiting = nil
	g.mu.Unlock()
	if len(files) > 1 {
		for _, w := range files { // so that the first sync finds all of them under way
			startWriting(w.file)
		}
	}
	for _, w := range files {
		w.done <- w.file.Sync()
	}
}
