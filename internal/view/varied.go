package view

import (
	"bytes"
	"encoding/json"
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
		text := string(value)
		if json.Unmarshal(value, &text) != nil {
			text = string(value) // a number, a list
		}
		fields = append(fields, Field{name.(string), text})
	}
	return fields
}
