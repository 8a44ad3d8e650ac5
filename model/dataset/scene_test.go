package dataset

import (
	"math"
	"strings"
	"testing"

	"harness/model/dataset/scenegraph"
)

// FuzzScene reads any bytes as a scene graph: whatever comes out can be trained on.
func FuzzScene(f *testing.F) {
	f.Add([]byte(sceneJSON([]string{object("left lung", 1, 2, 30, 20)}, []string{attribute("left lung", "Clear.")})))
	f.Add([]byte(`{"objects":[{"bbox_name":"svc","original_x1":NaN}],"attributes":[{"bbox_name":3,"phrases":"x"},{"bbox_name":"svc","phrases":[["a"],"b"]}]}`))
	f.Add([]byte(`{"a":"\"NaN`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		g, err := scenegraph.Parse(raw)
		if err != nil {
			return
		}
		var r sceneResult
		r.collect(g, 40, 30, Options{})
		for _, region := range r.regions {
			b := region.Box
			if !(b[0] >= 0 && b[1] >= 0 && b[0] < b[2] && b[1] < b[3] && b[2] <= 40 && b[3] <= 30) || math.IsNaN(b[0]+b[1]+b[2]+b[3]) {
				t.Fatalf("box %v", b)
			}
			if region.Phrase == "" || strings.TrimSpace(region.Phrase) != region.Phrase {
				t.Fatalf("phrase %q", region.Phrase)
			}
		}
	})
}
