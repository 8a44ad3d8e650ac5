package spec

// QFormer holds the sizes of BLIP-2's Q-Former. 0 is the decoder's size, and for the queries defaultQueries.
type QFormer struct {
	Width   int `json:"width,omitzero"`
	Depth   int `json:"depth,omitzero"`
	Heads   int `json:"heads,omitzero"`
	MLP     int `json:"mlp,omitzero"`
	Queries int `json:"queries,omitzero"` // visual tokens that an image becomes; published: 32
}

const defaultQueries = 16

// QFormerSizes are the sizes in full.
func (t Trial) QFormerSizes() QFormer {
	q := t.QFormer
	for _, f := range q.fields(t.Decoder) {
		if *f.size == 0 {
			*f.size = f.standard
		}
	}
	return q
}

// qFormerField is a field of a QFormer, and what 0 stands for.
type qFormerField struct {
	path     string
	size     *int
	standard int
}

func (q *QFormer) fields(d Decoder) []qFormerField {
	return []qFormerField{
		{"qformer.width", &q.Width, d.Width}, {"qformer.depth", &q.Depth, d.Depth}, {"qformer.heads", &q.Heads, d.Heads},
		{"qformer.mlp", &q.MLP, d.MLP}, {"qformer.queries", &q.Queries, defaultQueries},
	}
}

func (t Trial) validateQFormer() error {
	for _, f := range t.QFormer.fields(t.Decoder) {
		if *f.size < 0 {
			return refuse(f.path, "%d: want at least 1, or 0 for %d", *f.size, f.standard)
		}
	}
	if q := t.QFormerSizes(); q.Width%q.Heads != 0 {
		return refuse("qformer.heads", "width %d cannot be divided among %d heads", q.Width, q.Heads)
	}
	return nil
}
