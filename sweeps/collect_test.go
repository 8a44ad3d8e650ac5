package sweeps

import (
	"reflect"
	"testing"
)

func TestCollect(t *testing.T) {
	const head = "version: 1\nname: x\ncommand: [sh, x.sh]\nrun: {parallel: 1}\n"
	for text, want := range map[string]Collect{
		"":                           {},
		"collect: true\n":            {},
		"collect: false\n":           {Off: true},
		"collect: csv\n":             {Formats: []string{"csv"}},
		"collect: [csv, wandb]\n":    {Formats: []string{"csv", "wandb"}},
		"collect: {folders: logs}\n": {Folders: []string{"logs"}},
		"collect: {formats: [tensorboard], folders: ['out/${trial}', '${trial_dir}/x*']}\n": {Formats: []string{"tensorboard"}, Folders: []string{"out/${trial}", "${trial_dir}/x*"}},
	} {
		s, err := Parse("x.yaml", []byte(head+text))
		if err != nil || !reflect.DeepEqual(s.Run.Collect, want) {
			t.Errorf("%s: %v, %+v", text, err, s)
		}
	}
	for text, want := range map[string]string{
		head + "collect: [csv, tb]\n":            `x.yaml: line 5: collect: "tb": want false, or some of tensorboard, csv, trainer_state, wandb`,
		head + "collect: []\n":                   "x.yaml: line 5: collect: an empty list: write collect: false where no files are to be read",
		head + "collect: {folder: x}\n":          "x.yaml: line 5: collect.folder: unknown key: did you mean folders?",
		head + "collect: {folders: '${name}'}\n": `x.yaml: line 5: collect.folders: "${name}": unknown ${name}; known are ${trial}, ${trial_dir}, ${attempt_dir}, ${seed}`,
		head + "collect: {folders: 'a['}\n":      `x.yaml: line 5: collect.folders: "a[": want a folder such as outputs/${trial} or logs/*`,
		"version: 1\nname: x\ncollect: [csv]\n":  "x.yaml: line 3: collect: the built-in trainer records its numbers itself: only a program's files are read",
		"version: 1\nname: x\ncommand: x\ncollect: {folders: 'logs/${seed}'}\n": "x.yaml: line 4: collect.folders: trials that run at the same time write into it: " +
			"give each a folder of its own (${trial}, ${trial_dir}), or write run: {parallel: 1}",
	} {
		if _, err := Parse("x.yaml", []byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s\n%v\nwant %s", text, err, want)
		}
	}
}
