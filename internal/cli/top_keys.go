package cli

import (
	"fmt"
	"os"

	"golang.org/x/term"
)

// key is what somebody wants of top.
type key string

const (
	keyQuit      key = "quit"
	keyInterrupt key = "interrupt"
	keyBack      key = "back"
	keyUp        key = "up"
	keyDown      key = "down"
	keyLog       key = "log"
	keySort      key = "sort"
)

// readKeys reads keys from the terminal until it is closed. restore makes the terminal what it was. Without one there are no keys.
func readKeys() (keys <-chan key, restore func(), err error) {
	in := int(os.Stdin.Fd())
	if !term.IsTerminal(in) {
		return make(chan key), func() {}, nil
	}
	before, err := term.MakeRaw(in)
	if err != nil {
		return nil, nil, fmt.Errorf("read keys: %w", err)
	}
	out := make(chan key)
	go func() { // it ends with the program: a read of a terminal cannot be taken back
		defer close(out)
		data := make([]byte, 256)
		for {
			n, err := os.Stdin.Read(data)
			if err != nil {
				return
			}
			for _, k := range keysIn(data[:n]) {
				out <- k
			}
		}
	}()
	return out, func() { _ = term.Restore(in, before) }, nil
}

// keysIn are the keys that a terminal has sent at once. Those that mean nothing are passed over.
func keysIn(data []byte) (keys []key) {
	for i := 0; i < len(data); i++ {
		if data[i] == 0x1b && i+2 < len(data) && (data[i+1] == '[' || data[i+1] == 'O') {
			end := i + 2
			for end < len(data)-1 && (data[end] < '@' || data[end] > '~') {
				end++
			}
			switch data[end] {
			case 'A':
				keys = append(keys, keyUp)
			case 'B':
				keys = append(keys, keyDown)
			}
			i = end
			continue
		}
		switch data[i] {
		case 'q', 'Q':
			keys = append(keys, keyQuit)
		case 0x03, 0x04: // Ctrl-C, Ctrl-D
			keys = append(keys, keyInterrupt)
		case 0x1b:
			keys = append(keys, keyBack)
		case 'k', 'K':
			keys = append(keys, keyUp)
		case 'j', 'J':
			keys = append(keys, keyDown)
		case 'l', 'L', '\r':
			keys = append(keys, keyLog)
		case 's', 'S':
			keys = append(keys, keySort)
		}
	}
	return keys
}
