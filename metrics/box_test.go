package metrics

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// recordedFolder holds the recorded outputs of the official programs.
const recordedFolder = "../testdata/metrics"

// readRecorded decodes a recorded JSON file.
func readRecorded(t testing.TB, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(recordedFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

func TestBoxesRecorded(t *testing.T) {
	var golden struct {
		Acc   float64 `json:"acc_ge_0.5"`
		Mean  float64 `json:"mean_iou"`
		Items []struct {
			ID       string
			GT       Box
			PredText string `json:"pred_text"`
			IoU      *float64
		}
	}
	readRecorded(t, "iou_a.json", &golden)
	var samples []BoxSample
	most := 0.0 // that cover three quarters
	for _, item := range golden.Items {
		if item.IoU != nil && *item.IoU >= 0.75 {
			most++
		}
		pred, ok := ParseBox(item.PredText)
		samples = append(samples, BoxSample{Pred: pred, Ref: item.GT, OK: ok})
		if item.IoU != nil && ok && math.Abs(IoU(pred, item.GT)-*item.IoU) > 1e-12 {
			t.Errorf("%s: IoU %v, want %v", item.ID, IoU(pred, item.GT), *item.IoU)
		}
	}
	got := ScoreBoxes(samples)
	if math.Abs(got.Acc50-golden.Acc) > 1e-12 || math.Abs(got.MeanIoU-golden.Mean) > 1e-9 {
		t.Errorf("got %+v, want acc %v mean %v", got, golden.Acc, golden.Mean)
	}
	if want := most / float64(len(samples)); got.Acc75 != want || want == 0 || want >= golden.Acc {
		t.Errorf("Acc@0.75 %v, want %v", got.Acc75, want)
	}
}

func TestParseBox(t *testing.T) {
	for text, want := range map[string]Box{
		"right lung: effusion [1, 2, 3, 4]":         {1, 2, 3, 4},
		"[1, 2, 3, 4] then [ 5,6 ,7, 447 ] and [1,": {5, 6, 7, 447},
	} {
		if got, ok := ParseBox(text); !ok || got != want {
			t.Errorf("%q: got %v %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "[1, 2, 3]", "[1, 2, 3, --4]", "[1.5, 2, 3, 4]", "1, 2, 3, 4"} {
		if got, ok := ParseBox(text); ok {
			t.Errorf("%q: got %v, want no box", text, got)
		}
	}
}

func TestScoreRegions(t *testing.T) {
	b := Box{0, 0, 10, 10}
	rows := ScoreRegions([]BoxSample{{Region: "spine", Pred: b, Ref: b, OK: true}, {Region: "carina", Ref: b}, {Region: "spine", Ref: b}})
	if len(rows) != 2 || rows[0].Region != "spine" || rows[0].Acc50 != .5 || rows[0].N != 2 || rows[1].Acc50 != 0 || rows[1].Parsed != 0 {
		t.Errorf("got %+v", rows)
	}
}
