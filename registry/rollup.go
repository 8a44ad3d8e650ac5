package registry

import (
	"database/sql"
	"encoding/binary"
	"errors"
	"math"
)

// Of curves of a million points nobody sees more than some hundred ranges of steps, and adding them up takes the database a fifth of a
// second a curve. So a long curve is kept added up as well: in grains, a power of two of steps each, which hold 64 to 128 points where
// points lie evenly; 64 grains, a stretch, are a row of the table rollup. A stretch has a row as soon as there is a point behind it. What
// has no row is read from its points: the end of a curve, and curves that are not long.

const (
	longCurve     = 1024 // points from which on a curve is kept added up
	grainPoints   = 64   // that a grain has at least where points lie evenly
	stretchGrains = 64
	farthest      = 1 << 52 // steps beyond it are not added up: arithmetic with them might overflow
)

// stretch is a stretch of a curve that is being added up.
type stretch struct {
	first, grain int64
	last         int64 // the last step that it has taken
	sums         [stretchGrains]Bucket
}

func (s *stretch) end() int64 { return s.first + s.grain*stretchGrains - 1 }

// stretchAt is an empty stretch of which a step is part.
func stretchAt(step, grain int64) *stretch {
	return &stretch{first: floorTo(step, grain*stretchGrains), grain: grain, last: math.MinInt64}
}

// floorTo is the greatest multiple of width that is not above v.
func floorTo(v, width int64) int64 {
	r := v % width
	if r < 0 {
		r += width
	}
	return v - r
}

// add takes a point of the stretch, behind those that it has.
func (s *stretch) add(p Point) {
	s.sums[(p.Step-s.first)/s.grain].add(p)
	s.last = p.Step
}

// add takes one more point, behind the others.
func (b *Bucket) add(p Point) {
	finite := !math.IsNaN(p.Value) && !math.IsInf(p.Value, 0)
	if b.N == 0 && !b.Skipped {
		b.First = p.Step
	}
	b.Last = p.Step
	switch {
	case !finite:
		b.Skipped = b.N == 0
	case b.N == 0:
		b.N, b.Skipped, b.Mean, b.Min, b.Max = 1, false, p.Value, p.Value, p.Value
	default:
		b.N++
		share := 1 / float64(b.N)
		b.Mean = b.Mean*(1-share) + p.Value*share
		b.Min, b.Max = min(b.Min, p.Value), max(b.Max, p.Value)
		b.Mean = max(b.Min, min(b.Mean, b.Max)) // where rounding led it out of range
	}
}

// grainOf is how many steps a grain of a curve has.
func grainOf(first, last int64, points int) int64 {
	grain := int64(1)
	for float64(grain)*float64(points-1) < grainPoints*float64(last-first) {
		grain *= 2
	}
	return grain
}

// tail is the end of a long curve.
type tail struct {
	next, grain int64          // the stretches before next have rows, where there are points
	open        *stretch       // the one that begins at next or behind it, with all its points so far; nil: they are to be read
	broken      map[int64]bool // first steps of stretches before next of which a point is new
}

// rollups are the tails of an attempt's long curves, as they were when its journal had been read up to offset: who goes on from there
// need not read their points again.
type rollups struct {
	offset int64
	tails  map[int64]*tail // by key
}

// mostRolled bounds of how many attempts the tails are kept from one batch to the next.
const mostRolled = 64

// tail is the end of a curve as the rows tell it, nil where its steps are too large to be added up.
func (b *batch) tail(key int64) (*tail, error) {
	if b.rolled == nil {
		known := b.db.rolled[b.attemptNo]
		delete(b.db.rolled, b.attemptNo) // it is kept again when the batch is saved
		if known == nil || known.offset != b.from.Offset {
			known = &rollups{tails: map[int64]*tail{}}
		}
		b.rolled = known
	}
	if known, ok := b.rolled.tails[key]; ok {
		return known, nil
	}
	found := &tail{}
	err := b.tx.get(`SELECT first, grain FROM rollup WHERE trial = ? AND attempt = ? AND key = ? ORDER BY first DESC LIMIT 1`,
		[]any{b.no, b.attempt, key}, &found.next, &found.grain)
	if err == nil {
		found.next += found.grain * stretchGrains
	} else if errors.Is(err, sql.ErrNoRows) {
		var first, last int64
		err = b.tx.get(`SELECT MIN(step), MAX(step) FROM point WHERE trial = ? AND attempt = ? AND key = ?`,
			[]any{b.no, b.attempt, key}, &first, &last)
		if -farthest < first && last < farthest {
			found.grain = grainOf(first, last, b.results[key].N)
			found.next = floorTo(first, found.grain*stretchGrains)
		} else {
			found = nil
		}
	}
	if err != nil {
		return nil, err
	}
	b.rolled.tails[key] = found
	return found, nil
}

// roll keeps a curve added up that has a new point, or at a step another value than before; n is how many points it has now.
func (b *batch) roll(key int64, p Point, n int, again bool) error {
	if n < longCurve || p.Step <= -farthest || p.Step >= farthest {
		return nil
	}
	t, err := b.tail(key)
	switch {
	case err != nil || t == nil:
		return err
	case p.Step < t.next:
		if t.broken == nil {
			t.broken = map[int64]bool{}
		}
		t.broken[floorTo(p.Step, t.grain*stretchGrains)] = true
		return nil
	case t.open == nil:
		if n == longCurve || p.Step >= t.next+t.grain*stretchGrains {
			return b.readTail(key, t)
		}
		return nil
	case again || p.Step <= t.open.last:
		t.open = nil
		return nil
	}
	return b.extend(key, t, p)
}

// extend adds a point behind all others.
func (b *batch) extend(key int64, t *tail, p Point) error {
	if t.open != nil && p.Step > t.open.end() {
		if err := b.saveStretch(key, t.open); err != nil {
			return err
		}
		t.open = nil
	}
	if t.open == nil {
		t.open = stretchAt(p.Step, t.grain)
		t.next = t.open.first
	}
	t.open.add(p)
	return nil
}

// readTail reads the points of a tail.
func (b *batch) readTail(key int64, t *tail) error {
	points, err := b.pointsIn(key, t.next, farthest)
	for i := 0; err == nil && i < len(points); i++ {
		err = b.extend(key, t, points[i])
	}
	return err
}

func (b *batch) pointsIn(key, first, last int64) (points []Point, err error) {
	err = b.tx.each(`SELECT step, value FROM point WHERE trial = ? AND attempt = ? AND key = ? AND step BETWEEN ? AND ? ORDER BY step`,
		[]any{b.no, b.attempt, key, first, last}, func(rows *sql.Rows) error {
			var p Point
			var value sql.NullFloat64
			err := rows.Scan(&p.Step, &value)
			p.Value = orNaN(value)
			points = append(points, p)
			return err
		})
	return points, err
}

func (b *batch) saveStretch(key int64, s *stretch) error {
	return b.tx.do(`INSERT OR REPLACE INTO rollup (trial, attempt, key, first, grain, sums) VALUES (?, ?, ?, ?, ?, ?)`,
		b.no, b.attempt, key, s.first, s.grain, s.encode())
}

// saveRollups adds up anew the stretches of which a point is new, and keeps the tails for the next batch.
func (b *batch) saveRollups() error {
	known := b.db.rolled[b.attemptNo]
	switch {
	case b.state != Running:
		delete(b.db.rolled, b.attemptNo)
	case known != nil && known.offset == b.from.Offset:
		known.offset = b.at.Offset // no curve has changed
	}
	if b.rolled == nil {
		return nil
	}
	for key, t := range b.rolled.tails {
		if t == nil {
			continue
		}
		for first := range t.broken {
			s := stretchAt(first, t.grain)
			points, err := b.pointsIn(key, s.first, s.end())
			if err != nil {
				return err
			}
			for _, p := range points {
				s.add(p)
			}
			if err := b.saveStretch(key, s); err != nil {
				return err
			}
		}
		t.broken = nil
	}
	if b.state == Running && len(b.db.rolled) < mostRolled && !b.db.filling {
		b.rolled.offset = b.at.Offset
		b.db.rolled[b.attemptNo] = b.rolled
	}
	return nil
}

// addRollups adds up the long curves of all attempts, of which nothing is kept yet.
func (db *DB) addRollups(t tx) error {
	type attempt struct {
		no, trial int64
		number    int
		encoded   []byte
	}
	var list []attempt
	err := t.each(`SELECT a.no, a.trial, a.number, r.metrics FROM attempt a JOIN result r ON r.attempt = a.no`, nil, func(rows *sql.Rows) error {
		var a attempt
		err := rows.Scan(&a.no, &a.trial, &a.number, &a.encoded)
		list = append(list, a)
		return err
	})
	for i := 0; err == nil && i < len(list); i++ {
		b := newBatch(db, t, "", list[i].number)
		b.attemptNo, b.no = list[i].no, list[i].trial
		err = decodeResults(list[i].encoded, func(key int64, s Summary) { b.results[key] = &s })
		for key, s := range b.results {
			if err != nil || s.N < longCurve {
				continue
			}
			var end *tail
			if end, err = b.tail(key); err == nil && end != nil {
				err = b.readTail(key, end)
			}
		}
	}
	return err
}

// A stretch is written as its grains that have points: number, First and Last from the first step of the stretch on, N, as varints;
// then, where N is above zero, Mean, Min and Max as little-endian float64. N of zero is points that are all NaN or infinite.

var errRollup = errors.New("what is kept of a long curve cannot be read")

func (s *stretch) encode() []byte {
	var out []byte
	for i, b := range s.sums {
		if b.N == 0 && !b.Skipped {
			continue
		}
		for _, v := range [...]int64{int64(i), b.First - s.first, b.Last - s.first, int64(b.N)} {
			out = binary.AppendUvarint(out, uint64(v))
		}
		if b.N > 0 {
			for _, v := range [...]float64{b.Mean, b.Min, b.Max} {
				out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
			}
		}
	}
	return out
}

// decodeSums calls fn with what each grain of a stretch comes to.
func decodeSums(first int64, encoded []byte, fn func(Bucket)) error {
	for len(encoded) > 0 {
		var v [4]uint64
		for i := range v {
			var n int
			if v[i], n = binary.Uvarint(encoded); n <= 0 {
				return errRollup
			}
			encoded = encoded[n:]
		}
		b := Bucket{First: first + int64(v[1]), Last: first + int64(v[2]), N: int(v[3]), Skipped: v[3] == 0}
		if b.N > 0 {
			if len(encoded) < 3*8 {
				return errRollup
			}
			for i, into := range [...]*float64{&b.Mean, &b.Min, &b.Max} {
				*into = math.Float64frombits(binary.LittleEndian.Uint64(encoded[8*i:]))
			}
			encoded = encoded[3*8:]
		}
		fn(b)
	}
	return nil
}
