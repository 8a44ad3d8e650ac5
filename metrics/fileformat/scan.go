package fileformat

import (
	"bytes"
	"encoding/json"
)

// The functions of this file take apart JSON that is known to be valid.

// membersOf returns the keys and values of an object in their order, repeated keys as well.
func membersOf(object json.RawMessage) ([]member, error) {
	var members []member
	at := skipSpace(object, 1)
	for object[at] != '}' {
		end := endOfValue(object, at)
		key, err := textOf(object[at:end])
		if err != nil {
			return nil, err
		}
		at = skipSpace(object, skipSpace(object, end)+1) // behind the colon
		end = endOfValue(object, at)
		members = append(members, member{key, object[at:end], end})
		if at = skipSpace(object, end); object[at] == ',' {
			at = skipSpace(object, at+1)
		}
	}
	return members, nil
}

// elementsOf returns the elements of a list.
func elementsOf(list json.RawMessage) []member {
	var elements []member
	at := skipSpace(list, 1)
	for list[at] != ']' {
		end := endOfValue(list, at)
		elements = append(elements, member{value: list[at:end], end: end})
		if at = skipSpace(list, end); list[at] == ',' {
			at = skipSpace(list, at+1)
		}
	}
	return elements
}

// opening returns the byte with which the first element of a list begins, ] where there is none.
func opening(list json.RawMessage) byte { return list[skipSpace(list, 1)] }

func skipSpace(data []byte, at int) int {
	for at < len(data) && (data[at] == ' ' || data[at] == '\t' || data[at] == '\n' || data[at] == '\r') {
		at++
	}
	return at
}

// endOfValue returns where the value that begins at a place ends.
func endOfValue(data []byte, at int) int {
	switch data[at] {
	case '"':
		return endOfString(data, at)
	case '{', '[':
		for depth := 0; ; {
			switch data[at] {
			case '"':
				at = endOfString(data, at)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			if at++; depth == 0 {
				return at
			}
		}
	}
	if length := bytes.IndexAny(data[at:], ",]} \t\r\n"); length >= 0 {
		return at + length
	}
	return len(data)
}

func endOfString(data []byte, at int) int {
	for at++; data[at] != '"'; at++ {
		if data[at] == '\\' {
			at++
		}
	}
	return at + 1
}
