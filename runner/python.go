package runner

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// pythonArguments lists a configuration by sorted key, nested keys joined by dots, each value as a literal of Python. What is null is
// None, and not left out.
func pythonArguments(prefix string, config map[string]any) []string {
	keys := make([]string, 0, len(config))
	for key := range config {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var list []string
	for _, key := range keys {
		if inner, ok := config[key].(map[string]any); ok && len(inner) > 0 {
			list = append(list, pythonArguments(prefix+key+".", inner)...)
			continue
		}
		list = append(list, prefix+key+"="+pythonLiteral(config[key]))
	}
	return list
}

// pythonLiteral writes a value of JSON as Python's repr does.
func pythonLiteral(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return pythonText(v)
	case json.Number:
		return string(v)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = pythonLiteral(v[i])
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for i, key := range keys {
			keys[i] = pythonText(key) + ": " + pythonLiteral(v[key])
		}
		return "{" + strings.Join(keys, ", ") + "}"
	}
	return fmt.Sprint(value)
}

// pythonText is a text in single quotes, or in double quotes where it has single ones only.
func pythonText(text string) string {
	quote := '\''
	if strings.Contains(text, "'") && !strings.Contains(text, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, c := range text {
		switch {
		case c == quote || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		case !unicode.IsPrint(c) && c > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, c)
		case !unicode.IsPrint(c):
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteRune(quote)
	return b.String()
}
