package nn

// Room is the shape to which the texts of a group are padded: how many they are, their length in tokens, and the number of rows, the
// positions whose output counts. What is smaller than the texts need is as they need it.
type Room struct{ Sequences, Length, Rows int }

// Rooms are those of the groups of a program, by name.
type Rooms map[string]Room

// RoomFor is what texts need.
func RoomFor(list []Sequence) Room {
	room := Room{Sequences: len(list)}
	for _, s := range list {
		room.Length = max(room.Length, len(s.IDs))
		room.Rows += len(s.Rows)
	}
	return room
}

// Rounded is the room with length and rows rounded up to multiples of step; the length to at most longest, where it is not longer by itself.
func (r Room) Rounded(step, longest int) Room {
	r.Length = max(r.Length, min(bucket(r.Length, step), longest))
	r.Rows = bucket(r.Rows, step)
	return r
}

// bucket rounds up.
func bucket(n, step int) int { return (n + step - 1) / step * step }

// Or is the room that holds both.
func (r Room) Or(other Room) Room {
	return Room{max(r.Sequences, other.Sequences), max(r.Length, other.Length), max(r.Rows, other.Rows)}
}

// Within is the room, but nowhere larger than most.
func (r Room) Within(most Room) Room {
	return Room{min(r.Sequences, most.Sequences), min(r.Length, most.Length), min(r.Rows, most.Rows)}
}

// Hold reports whether there is room for all of need.
func (r Rooms) Hold(need Rooms) bool {
	for name, room := range need {
		if r[name].Or(room) != r[name] {
			return false
		}
	}
	return true
}
