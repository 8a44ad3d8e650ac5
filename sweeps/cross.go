package sweeps

import "slices"

// extend crosses rows with one axis after the other; axes that are drawn have the values of each point together.
func (s *Sweep) extend(rows []row) ([]row, error) {
	for a := 0; a < len(s.axes); a++ {
		var next []row
		for _, r := range rows {
			more, err := s.crossed(r, a)
			if err != nil {
				return nil, err
			}
			next = append(next, more...)
		}
		for rows = next; a+1 < len(s.axes) && s.axes[a].drawn && s.axes[a+1].drawn; {
			a++ // crossed with the one before it
		}
	}
	return rows, nil
}

// crossed are the rows that r becomes by axis a, or by all drawn axes from a on.
func (s *Sweep) crossed(r row, a int) ([]row, error) {
	if !s.axes[a].drawn {
		options := make([]int, len(s.axes[a].options))
		for i := range options {
			options[i] = i
		}
		return s.choose(r, a, options)
	}
	var rows []row
	for _, point := range s.points {
		one := r
		for at := a; at < len(s.axes) && s.axes[at].drawn; at++ {
			next, err := s.choose(one, at, point[at:at+1])
			if err != nil {
				return nil, err
			}
			one = next[0]
		}
		rows = append(rows, one)
	}
	return rows, nil
}

// choose gives axis a each of the options; where its when does not hold, it is left out.
func (s *Sweep) choose(r row, a int, options []int) ([]row, error) {
	axis := s.axes[a]
	applies := true
	if axis.when != nil {
		var err error
		if applies, err = axis.when.Holds(s.values(r)); err != nil {
			return nil, &Error{File: s.File, Line: axis.when.line, Key: axis.when.key, Reason: err.Error()}
		}
	}
	if !applies {
		options = []int{-1}
	}
	var rows []row
	for _, i := range options {
		n := r
		n.choice = append(slices.Clone(r.choice), i)
		n.applied = slices.Clone(r.applied)
		if i >= 0 {
			for _, one := range axis.options[i].settings {
				if err := s.apply(&n, one); err != nil {
					return nil, err
				}
			}
		}
		rows = append(rows, n)
	}
	return rows, nil
}
