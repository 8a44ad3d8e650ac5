package synthetic

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// sceneGraph is one <dicom>_SceneGraph.json of Chest ImaGenome (FACTS 1.3).
type sceneGraph struct {
	ImageID       string           `json:"image_id"`
	Viewpoint     string           `json:"viewpoint"`
	PatientID     int              `json:"patient_id"`
	StudyID       int              `json:"study_id"`
	Gender        string           `json:"gender"`
	AgeDecile     string           `json:"age_decile"`
	Reason        string           `json:"reason_for_exam"`
	StudyOrder    int              `json:"StudyOrder"`
	StudyDateTime string           `json:"StudyDateTime"`
	Objects       []sceneObject    `json:"objects"`
	Attributes    []map[string]any `json:"attributes"`
	Relationships []map[string]any `json:"relationships"`
}

// sceneObject is one box: x1..y2 on a 224x224 canvas with the longer side scaled to 224 and the shorter padded on both
// sides, original_* in pixels of the image; width and height are those of the box.
type sceneObject struct {
	ObjectID       string   `json:"object_id"`
	X1             int      `json:"x1"`
	Y1             int      `json:"y1"`
	X2             int      `json:"x2"`
	Y2             int      `json:"y2"`
	Width          int      `json:"width"`
	Height         int      `json:"height"`
	BboxName       string   `json:"bbox_name"`
	Synsets        []string `json:"synsets"`
	Name           string   `json:"name"`
	OriginalX1     int      `json:"original_x1"`
	OriginalY1     int      `json:"original_y1"`
	OriginalX2     int      `json:"original_x2"`
	OriginalY2     int      `json:"original_y2"`
	OriginalWidth  int      `json:"original_width"`
	OriginalHeight int      `json:"original_height"`
}

// sceneGraphJSON encodes the scene graph of study number order (0 the first) with the given statements. prior is the study
// before it, nil for the first.
func sceneGraphJSON(r *rand.Rand, h habitus, g *geometry, st, prior *study, order int, said []statement, p Params) ([]byte, error) {
	sg := sceneGraph{
		ImageID: st.dicom, Viewpoint: st.viewPosition(), PatientID: st.subject, StudyID: st.id,
		Gender: "M", AgeDecile: fmt.Sprintf("%d-%d", 10*h.decile, 10*h.decile+10), Reason: "___ year old patient with cough.",
		StudyOrder: order + 1, StudyDateTime: st.dateTime(),
		Relationships: []map[string]any{},
	}
	if h.female {
		sg.Gender = "F"
	}
	boxes := g.boxes()
	for i, b := range boxes {
		if r.Float64() < p.BoxFaults {
			b = spoiled(r, b, g)
		}
		sg.Objects = append(sg.Objects, newObject(st.dicom, st.state.regions[i].name, b, g))
	}
	// A name beyond the 29, as in the real files: readers filter by name.
	if i := slices.IndexFunc(st.state.regions, func(r region) bool { return r.name == "spine" }); i >= 0 {
		spine := boxes[i]
		sg.Objects = append(sg.Objects, newObject(st.dicom, "descending aorta", box{spine[0], spine[1] + 40, spine[2], spine[3]}, g))
	}

	for i, s := range said {
		sg.Attributes = append(sg.Attributes, newAttribute(st, s, 10*(i+1)))
	}
	if prior != nil {
		sg.Relationships = relationships(st, prior)
	}
	return json.Marshal(sg)
}

// newObject fills in both coordinate systems from a box in image pixels.
func newObject(dicom, name string, b box, g *geometry) sceneObject {
	ratio := 224 / float64(max(g.width, g.height))
	padX := (224 - float64(g.width)*ratio) / 2
	padY := (224 - float64(g.height)*ratio) / 2
	o := sceneObject{
		ObjectID: dicom + "_" + name, BboxName: name, Name: capital(name), Synsets: []string{conceptID(name)},
		X1: int(math.Round(b[0]*ratio + padX)), Y1: int(math.Round(b[1]*ratio + padY)),
		X2: int(math.Round(b[2]*ratio + padX)), Y2: int(math.Round(b[3]*ratio + padY)),
		OriginalX1: int(b[0]), OriginalY1: int(b[1]), OriginalX2: int(b[2]), OriginalY2: int(b[3]),
	}
	o.Width, o.Height = o.X2-o.X1, o.Y2-o.Y1
	o.OriginalWidth, o.OriginalHeight = o.OriginalX2-o.OriginalX1, o.OriginalY2-o.OriginalY1
	return o
}

// spoiled returns b with one of the faults of the real boxes (FACTS 1.3): no area, corners swapped, or off the image.
func spoiled(r *rand.Rand, b box, g *geometry) box {
	switch r.IntN(3) {
	case 0:
		return box{b[0], b[1], b[0], b[3]}
	case 1:
		return box{b[2], b[3], b[0], b[1]}
	default:
		w := float64(g.width)
		return box{b[0] + w, b[1], b[2] + w, b[3]}
	}
}

// conceptID is a made-up UMLS identifier, the same for the same words.
func conceptID(words string) string {
	h := uint32(2166136261)
	for i := range len(words) {
		h = (h ^ uint32(words[i])) * 16777619
	}
	return fmt.Sprintf("C%07d", h%10_000_000)
}

// newAttribute encodes what is said of one region; number is that of its first sentence in the report.
func newAttribute(st *study, s statement, number int) map[string]any {
	n := len(s.sentences)
	phrases, labels, ids := make([]string, n), make([][]string, n), make([][]string, n)
	phraseIDs, sections := make([]string, n), make([]string, n)
	empty, severity := make([][]string, n), make([][]string, n)
	for i, said := range s.sentences {
		phrases[i], labels[i], ids[i] = said.text, []string{}, []string{}
		empty[i], severity[i] = []string{}, []string{}
		phraseIDs[i], sections[i] = fmt.Sprintf("%d|%d", st.id, number+i), "finalreport"
		if said.attribute != "" {
			labels[i] = append(labels[i], said.attribute)
		}
		if said.severity != "" {
			severity[i] = append(severity[i], "severity|yes|"+said.severity)
		}
		normality := "nlp|yes|normal"
		if said.abnormal {
			normality = "nlp|yes|abnormal"
		}
		labels[i] = append(labels[i], normality)
		for _, l := range labels[i] {
			ids[i] = append(ids[i], conceptID(l[strings.LastIndexByte(l, '|')+1:]))
		}
	}
	return map[string]any{
		s.region: true, "bbox_name": s.region, "synsets": []string{conceptID(s.region)}, "name": capital(s.region),
		"attributes": labels, "attributes_ids": ids, "phrases": phrases, "phrase_IDs": phraseIDs, "sections": sections,
		"comparison_cues": empty, "temporal_cues": empty, "severity_cues": severity, "texture_cues": empty,
		"object_id": st.dicom + "_" + s.region,
	}
}

// relationships links the regions whose finding is in both studies.
func relationships(st, prior *study) []map[string]any {
	list := []map[string]any{}
	for i := range st.state.sights {
		k := &st.state.sights[i]
		if !k.holds(&st.state) || !k.holds(&prior.state) {
			continue
		}
		name, predicate := "comparison|yes|no change", "['No status change']"
		switch from, to := prior.state.has[k.f].level, st.state.has[k.f].level; {
		case to > from:
			name, predicate = "comparison|yes|worsened", "['Worsening']"
		case to < from:
			name, predicate = "comparison|yes|improved", "['Improvement']"
		}
		list = append(list, map[string]any{
			"relationship_id": fmt.Sprintf("%d|%d_%s", st.id, i, k.region), "predicate": predicate, "synsets": []string{conceptID(name)},
			"relationship_names": []string{name}, "relationship_contexts": []float64{1},
			"phrase": withLevel(k.yes[0], st.state.level(k.f)), "attributes": []string{"anatomicalfinding|yes|" + st.state.findings[k.f].name},
			"bbox_name": k.region, "subject_id": st.dicom + "_" + k.region, "object_id": prior.dicom + "_" + k.region,
		})
	}
	return list
}

func (st *study) viewPosition() string {
	if st.ap {
		return "AP"
	}
	return "PA"
}

// dateTime is "2178-10-05 15:05:32 UTC".
func (st *study) dateTime() string {
	d, t := st.date, st.time
	return d[:4] + "-" + d[4:6] + "-" + d[6:] + " " + t[:2] + ":" + t[2:4] + ":" + t[4:6] + " UTC"
}
