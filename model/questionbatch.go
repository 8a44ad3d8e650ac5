package model

import (
	"fmt"

	"harness/model/corpus"
	"harness/model/dataset"
	"harness/model/engine"
	"harness/model/method"
	"harness/model/nn"
)

// questionTexts are what the model is asked of pairs, and the texts of question and answer that it learns.
func (r *trialRun) questionTexts(a *answering, pairs []dataset.Pair) (questions [][]int32, list []nn.Sequence, err error) {
	questions = make([][]int32, len(pairs))
	for i, pair := range pairs {
		questions[i] = r.question(a, pair)
		if n := len(questions[i]); n >= a.Positions() {
			return nil, nil, fmt.Errorf("question of pair %s has %d tokens: %s leaves no room for an answer", pair.ID, n, r.room(a))
		}
	}
	for i, prompt := range r.prompts(a, questions) {
		answer := r.corpus.IDs(corpus.AnswerText(pairs[i].Answer))
		list = append(list, nn.CausalSequence(-1, r.corpus.EOS(), prompt, answer, a.Positions()-len(prompt)))
	}
	return questions, list, nil
}

// questionRooms are what questions and texts need. Questions have a room of their own where the model reads them apart; the number of texts is that
// of the pairs.
func questionRooms(a *answering, questions [][]int32, list []nn.Sequence) nn.Rooms {
	text := nn.RoomFor(list)
	text.Sequences = 0
	rooms := nn.Rooms{"text": text}
	if a.Ask != nil {
		rooms["question"] = longestOf(questions)
	}
	return rooms
}

func longestOf(questions [][]int32) nn.Room {
	var room nn.Room
	for _, ids := range questions {
		room.Length = max(room.Length, len(ids))
	}
	return room
}

// questionPadding finds how to pad the texts of a stage; all are the pairs that it may ask, drawn the parts of a step of seed 0.
func (r *trialRun) questionPadding(a *answering, all []dataset.Pair, drawn func(step int) [][]dataset.Pair) (method.Padding, error) {
	most := func() nn.Rooms {
		rooms, rows := nn.Rooms{"text": {}}, 0
		if a.Ask != nil {
			rooms["question"] = nn.Room{}
		}
		for _, pair := range all {
			if pair.Ref < 0 { // as it is drawn
				pair.Ref = pair.Main
			}
			questions, list, err := r.questionTexts(a, []dataset.Pair{pair})
			if err != nil {
				continue // the step that draws it says so
			}
			for group, room := range questionRooms(a, questions, list) {
				rooms[group] = rooms[group].Or(room)
			}
			rows = max(rows, len(list[0].Rows))
		}
		text := rooms["text"]
		text.Rows = rows * r.trial.DiffVQA.BatchSize / max(r.trial.DiffVQA.Accumulate, 1)
		rooms["text"] = text
		return rooms
	}
	return r.methodRun().Padding(a.Positions(), most, func(step int) (nn.Rooms, error) {
		rooms := nn.Rooms{}
		for _, part := range drawn(step) {
			questions, list, err := r.questionTexts(a, part)
			if err != nil {
				return nil, err
			}
			for group, room := range questionRooms(a, questions, list) {
				rooms[group] = rooms[group].Or(room)
			}
		}
		return rooms, nil
	})
}

// questionBatch makes the inputs of a step, or of a part of it: question and answer of each pair, and what the model reads of its two images. seed
// is that of dropout.
func (r *trialRun) questionBatch(a *answering, batch []dataset.Pair, seed int, padding method.Padding) (engine.Inputs, error) {
	in, err := a.inputs(batch)
	if err != nil {
		return nil, err
	}
	in["dropout"] = engine.Ints([]int32{int32(seed)}, 1)
	questions, list, err := r.questionTexts(a, batch)
	if err != nil {
		return nil, err
	}
	rooms := padding.Rooms(questionRooms(a, questions, list))
	r.ask(a, in, questions, rooms["question"].Length)
	targets, weights := nn.CollateIn(in, "text", list, r.corpus.EOS(), rooms["text"])
	nn.SetTargets(in, targets, weights)
	return in, nil
}
