package runner

import "strings"

// quoting follows a script of a POSIX shell and knows, where it stands, what keeps a text from being taken for more than
// a text. The zero value stands at the start of a script.
type quoting struct {
	within []byte // what is open, innermost last: ' " ` # or ( for $(
	after  byte   // the character before, where it changes the meaning of the next: \ or $
	inWord bool   // the character before belongs to a word, so that # begins no comment
}

// read goes on over a piece of the script.
func (q *quoting) read(script string) {
	for i := range len(script) {
		c := script[i]
		before, inWord := q.after, q.inWord
		q.after, q.inWord = 0, !strings.ContainsRune(" \t\n;&|(", rune(c))
		switch {
		case q.open() == '#':
			if c == '\n' {
				q.close()
			}
		case q.open() == '\'':
			if c == '\'' {
				q.close()
			}
		case before == '\\': // taken as it is
		case c == '\\':
			q.after = c
		case c == '#' && !inWord && q.open() != '"':
			q.within = append(q.within, c)
		case c == '$':
			q.after = c
		case c == '(' && before == '$':
			q.within = append(q.within, c)
		case c == '(' && q.open() == '(': // a subshell inside $( )
			q.within = append(q.within, c)
		case c == ')' && q.open() == '(':
			q.close()
		case c == '"' || c == '`':
			if q.open() == c {
				q.close()
			} else {
				q.within = append(q.within, c)
			}
		case c == '\'' && q.open() != '"':
			q.within = append(q.within, c)
		}
	}
}

func (q *quoting) open() byte {
	if len(q.within) == 0 {
		return 0
	}
	return q.within[len(q.within)-1]
}

func (q *quoting) close() { q.within = q.within[:len(q.within)-1] }

// quote writes a text so that the shell takes it for that text and nothing else, where the script stands.
func (q *quoting) quote(text string) string {
	q.inWord = true
	switch q.open() {
	case '#':
		text = strings.ReplaceAll(text, "\n", " ")
	case '\'':
		text = strings.ReplaceAll(text, `'`, `'\''`)
	case '"':
		text = doubleQuoted.Replace(text)
	default:
		text = ShellQuote(text)
	}
	for i := len(q.within) - 1; i >= 0; i-- { // ` takes one level of \ away before it looks at quotes
		if q.within[i] == '`' {
			text = backQuoted.Replace(text)
		}
	}
	return text
}

var (
	doubleQuoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`")
	backQuoted   = strings.NewReplacer(`\`, `\\`, "$", `\$`, "`", "\\`")
)

// ShellQuote is text as one word of a shell; what needs no quotes gets none.
func ShellQuote(text string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"
	if text != "" && strings.Trim(text, plain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
