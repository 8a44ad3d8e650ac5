package web

import (
	"fmt"
	"maps"
	"net/url"
	"strconv"

	"harness/internal/escape"
)

// pages is one page of a list, and the way to the others.
type pages struct {
	From, To, All  int // rows From+1 to To of All
	Number, Of     int // this page, and how many there are
	Previous, Next string
	First, Last    string
}

// Many reports whether there is more than one page.
func (p pages) Many() bool { return p.Of > 1 }

// Start is the number of the first row that is shown.
func (p pages) Start() int { return min(p.From+1, p.All) }

// pagesOf reads which page of a list an address asks for, by the parameter of that name. A page behind the last is the last: lists
// grow shorter while somebody reads.
func pagesOf(at *url.URL, name string, all, size int) (pages, error) {
	p := pages{All: all, Number: 1, Of: max(1, (all+size-1)/size)}
	query := at.Query()
	if text := query.Get(name); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return p, badRequest{fmt.Errorf("%s: %q: want a number from 1 on", name, text)}
		}
		p.Number = min(n, p.Of)
	}
	p.From, p.To = (p.Number-1)*size, min(all, p.Number*size)
	link := func(n int) string { return at.EscapedPath() + "?" + with(query, name, strconv.Itoa(n)).Encode() }
	if p.Number > 1 {
		p.First, p.Previous = link(1), link(p.Number-1)
	}
	if p.Number < p.Of {
		p.Next, p.Last = link(p.Number+1), link(p.Of)
	}
	return p, nil
}

// printable refuses a text of the address that holds control characters: a form would send them on.
func printable(name, text string) error {
	if shown := escape.Line(text); shown != text {
		return badRequest{fmt.Errorf("%s: %s: control characters stand for nothing", name, shown)}
	}
	return nil
}

// with is a query with another value of one parameter; "" leaves it out.
func with(query url.Values, name, value string) url.Values {
	changed := maps.Clone(query)
	if value == "" {
		delete(changed, name)
	} else {
		changed[name] = []string{value}
	}
	return changed
}
