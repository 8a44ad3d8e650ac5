package metrics

// Sample is one generated text and the texts that it is compared with.
type Sample struct {
	ID   string
	Hyp  string
	Refs []string
}
