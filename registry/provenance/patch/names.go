package patch

import "strings"

// withoutPrefixes takes git's prefixes (a/ and b/; c/, i/ and w/ by a setting; none by another) from the names of a file.
func withoutPrefixes(old, new string) (string, string) {
	if old == new && old != DevNull { // no prefixes: with them the two differ
		return old, new
	}
	return withoutPrefix(old), withoutPrefix(new)
}

func withoutPrefix(name string) string {
	if len(name) > 2 && name[1] == '/' && name != DevNull {
		return name[2:]
	}
	return name
}

// halves are the two names of the line "diff --git a/x b/x". Where the file was not renamed they have one length, which tells where
// the first ends, whatever spaces it holds.
func halves(line string) (old, new string) {
	rest := strings.TrimSuffix(strings.TrimPrefix(line, "diff --git "), "\n")
	if len(rest)%2 == 0 || rest[len(rest)/2] != ' ' {
		return "", ""
	}
	return withoutPrefixes(unquote(rest[:len(rest)/2]), unquote(rest[len(rest)/2+1:]))
}

// unquote reads a name as git prints it: in quotes and with octal numbers where it holds unusual bytes, and with a tab behind it where
// it holds spaces.
func unquote(name string) string {
	name = strings.TrimSuffix(name, "\t")
	if len(name) < 2 || name[0] != '"' || name[len(name)-1] != '"' {
		return name
	}
	name = name[1 : len(name)-1]
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] != '\\' || i+1 == len(name) {
			b.WriteByte(name[i])
			continue
		}
		i++
		if at := strings.IndexByte(`abtnvfr"\`, name[i]); at >= 0 {
			b.WriteByte("\a\b\t\n\v\f\r\"\\"[at])
			continue
		}
		value, digits := 0, 0
		for digits < 3 && i+digits < len(name) && name[i+digits] >= '0' && name[i+digits] <= '7' {
			value = value*8 + int(name[i+digits]-'0')
			digits++
		}
		if digits == 0 {
			b.WriteByte(name[i])
			continue
		}
		b.WriteByte(byte(value))
		i += digits - 1
	}
	return b.String()
}
