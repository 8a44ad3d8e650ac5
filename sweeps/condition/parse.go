// Package condition reads and evaluates the boolean expressions of experiment files:
//
//	resolution == 448 and not (method in ['cappa', 'blip2'] or 'aref' in pretrain.tasks)
//
// Operators by rising strength: or, and, not, then == != < <= > >= in. Names are dotted paths; what they mean is the
// caller's job. Lists compare without regard to order, and a bare word inside a list is text. Values are those of
// JSON: json.Number, string, bool, []any; nil is a parameter that does not apply, and equals nothing.
package condition

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Expr is an expression.
type Expr struct {
	Names []string // every name in it
	text  string
	root  node
}

// maxNesting bounds parentheses, lists and nots, so that no input can exhaust the stack.
const maxNesting = 50

// Parse reads an expression. Errors are one line and name the column.
func Parse(text string) (*Expr, error) {
	p := &parser{text: text}
	if err := p.next(); err != nil {
		return nil, err
	}
	root, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.kind != end {
		return nil, p.fail("unexpected %q", p.word)
	}
	return &Expr{Names: p.names, text: text, root: root}, nil
}

// String is the expression as written.
func (e *Expr) String() string { return e.text }

type tokenKind int

const (
	end tokenKind = iota
	word
	text
	numeral
	operator
)

type parser struct {
	text  string
	at    int // behind the current token
	start int // of the current token
	kind  tokenKind
	word  string // the current token
	names []string
}

func (p *parser) fail(format string, args ...any) error {
	return fmt.Errorf("column %d of %q: %s", p.start+1, p.text, fmt.Sprintf(format, args...))
}

// next reads one token.
func (p *parser) next() error {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
	p.start = p.at
	if p.at == len(p.text) {
		p.kind, p.word = end, ""
		return nil
	}
	rest := p.text[p.at:]
	switch c := rest[0]; {
	case c == '\'' || c == '"':
		closing := strings.IndexByte(rest[1:], c)
		if closing < 0 {
			return p.fail("the quote is not closed")
		}
		p.take(text, closing+2)
		p.word = p.word[1 : len(p.word)-1]
	case isDigit(c) || c == '-' || c == '.':
		p.take(numeral, span(rest, func(c byte) bool { return isLetter(c) || isDigit(c) || strings.IndexByte("+-.", c) >= 0 }))
		if f, err := strconv.ParseFloat(p.word, 64); err != nil || f != f || f-f != 0 {
			return p.fail("%q is not a number", p.word)
		}
	case isLetter(c):
		p.take(word, span(rest, func(c byte) bool { return isLetter(c) || isDigit(c) || strings.IndexByte("._-/", c) >= 0 }))
	default:
		for _, op := range []string{"==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ","} {
			if strings.HasPrefix(rest, op) {
				p.take(operator, len(op))
				return nil
			}
		}
		if c == '=' {
			return p.fail("write == to compare")
		}
		return p.fail("unexpected %q", []rune(rest)[0])
	}
	return nil
}

func (p *parser) take(kind tokenKind, n int) {
	p.kind, p.word = kind, p.text[p.at:p.at+n]
	p.at += n
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }

func span(s string, in func(byte) bool) int {
	n := 1
	for n < len(s) && in(s[n]) {
		n++
	}
	return n
}

// accept takes the current token if it is the given word or operator.
func (p *parser) accept(token string) (bool, error) {
	if p.kind != word && p.kind != operator || p.word != token {
		return false, nil
	}
	return true, p.next()
}

func (p *parser) or(depth int) (node, error)  { return p.chain("or", p.and, depth) }
func (p *parser) and(depth int) (node, error) { return p.chain("and", p.not, depth) }

func (p *parser) chain(op string, operand func(int) (node, error), depth int) (node, error) {
	left, err := operand(depth)
	for err == nil {
		var more bool
		if more, err = p.accept(op); err != nil || !more {
			break
		}
		var right node
		if right, err = operand(depth); err == nil {
			left = binary{op, left, right}
		}
	}
	return left, err
}

func (p *parser) not(depth int) (node, error) {
	if depth > maxNesting {
		return nil, p.fail("nested too deeply")
	}
	negated, err := p.accept("not")
	if err != nil {
		return nil, err
	}
	if negated {
		inner, err := p.not(depth + 1)
		return negation{inner}, err
	}
	return p.comparison(depth)
}

func (p *parser) comparison(depth int) (node, error) {
	left, err := p.operand(depth)
	if err != nil {
		return nil, err
	}
	negated, err := p.accept("not")
	if err != nil {
		return nil, err
	}
	if negated && p.word != "in" {
		return nil, p.fail("want in after not")
	}
	for _, op := range []string{"==", "!=", "<=", ">=", "<", ">", "in"} {
		found, err := p.accept(op)
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		right, err := p.operand(depth)
		if err != nil {
			return nil, err
		}
		if negated {
			return negation{binary{op, left, right}}, nil
		}
		return binary{op, left, right}, nil
	}
	return left, nil
}

func (p *parser) operand(depth int) (node, error) {
	token := p.word
	switch p.kind {
	case text:
		return literal{token}, p.next()
	case numeral:
		return literal{json.Number(token)}, p.next()
	case word:
		switch token {
		case "and", "or", "not", "in":
			return nil, p.fail("want a value before %q", token)
		case "true", "false":
			return literal{token == "true"}, p.next()
		}
		p.names = append(p.names, token)
		return name(token), p.next()
	case operator:
		switch token {
		case "(":
			return p.group(depth + 1)
		case "[":
			return p.list()
		}
		return nil, p.fail("want a value before %q", token)
	}
	return nil, p.fail("ends where a value should stand")
}

func (p *parser) group(depth int) (node, error) {
	if err := p.next(); err != nil {
		return nil, err
	}
	inner, err := p.or(depth)
	if err != nil {
		return nil, err
	}
	closed, err := p.accept(")")
	if err == nil && !closed {
		err = p.fail("want )")
	}
	return inner, err
}

// list reads [a, 'b', 3]; lists do not nest.
func (p *parser) list() (node, error) {
	items := []any{}
	for {
		if err := p.next(); err != nil { // behind [ or ,
			return nil, err
		}
		if p.kind == operator && p.word == "]" && len(items) == 0 {
			return literal{items}, p.next()
		}
		switch {
		case p.kind == numeral:
			items = append(items, json.Number(p.word))
		case p.kind == word && (p.word == "true" || p.word == "false"):
			items = append(items, p.word == "true")
		case p.kind == word || p.kind == text:
			items = append(items, p.word)
		default:
			return nil, p.fail("want a value in the list")
		}
		if err := p.next(); err != nil {
			return nil, err
		}
		if p.kind == operator && p.word == "]" {
			return literal{items}, p.next()
		}
		if p.kind != operator || p.word != "," {
			return nil, p.fail("want , or ]")
		}
	}
}
