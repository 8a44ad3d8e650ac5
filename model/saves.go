package model

import "time"

const (
	// saveEvery is the least time between two checkpoints.
	saveEvery = 20 * time.Second
	// saveShare bounds what checkpoints cost: training goes on for this many times as long as the last one took to write. Those of preset
	// paper have 8 GB.
	saveShare = 20
)

// saves says when the next checkpoint is due.
type saves struct {
	last time.Time     // when the last one was written, or the stage was begun
	took time.Duration // how long the last one took
}

func (s *saves) due(now time.Time) bool { return now.Sub(s.last) > max(saveEvery, saveShare*s.took) }

// write writes a checkpoint and remembers how long that took.
func (s *saves) write(save func() error) error {
	began := time.Now()
	err := save()
	s.last = time.Now()
	s.took = s.last.Sub(began)
	return err
}
