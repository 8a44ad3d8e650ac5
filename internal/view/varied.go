package view

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Varied are the settings that a sweep varies, in its order, from [Listed.Params].
func Varied(params json.RawMessage) []Field {
	words := json.NewDecoder(bytes.NewReader(params))
	if open, err := words.Token(); err != nil || open != json.Delim('{') {
		return nil
	}
	var fields []Field
	for words.More() {
		name, err := words.Token()
		var value json.RawMessage
		if err == nil {
			err = words.Decode(&value)
		}
		if err != nil {
			return nil // the registry keeps whole objects
		}
		fields = append(fields, Field{name.(string), strings.Trim(string(value), `"`)})
	}
	return fields
}
