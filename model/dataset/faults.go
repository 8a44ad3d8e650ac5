package dataset

// Faults counts what a root holds that can and that cannot be used, by cause (FACTS 1.7). Each thing counts once, under the
// first cause that applies. Marshalled as JSON, each tally is its number.
type Faults struct {
	Images   ImageFaults   `json:"images"`   // images of the metadata
	Reports  ReportFaults  `json:"reports"`  // studies of the metadata
	Regions  RegionFaults  `json:"regions"`  // regions with a phrase
	Pairs    PairFaults    `json:"pairs"`    // difference rows
	Subjects SubjectCounts `json:"subjects"` // by split
	Leaking  Tally         `json:"leaking_subjects_official"`
	Other    OtherFaults   `json:"other"`
}

// ImageFaults: BadRows are rows of the tables of MIMIC-CXR-JPG, Chest ImaGenome and the open sets, as FILE:LINE, entries of
// annotation.json, as FILE:LIST[INDEX], and reports that are no XML, as FILE. An image that is not frontal is not looked at
// further; BlankView says that neither column names a view. OtherAspect are images whose sides are in another
// proportion than the metadata state: padded or cropped copies, on which no box is at its place.
type ImageFaults struct {
	Usable      Tally `json:"usable"`
	Missing     Tally `json:"missing"`
	Unreadable  Tally `json:"unreadable"`
	OtherAspect Tally `json:"other_aspect"`
	NotFrontal  Tally `json:"not_frontal"`
	BlankView   Tally `json:"blank_view"`
	BadRows     Tally `json:"bad_rows"`
}

// ReportFaults: a report is empty when no caption is left after cleaning, and unreadable when it is no text.
type ReportFaults struct {
	Usable     Tally `json:"usable"`
	Empty      Tally `json:"empty"`
	Missing    Tally `json:"missing"`
	Unreadable Tally `json:"unreadable"`
}

// RegionFaults covers regions with a phrase in the scene graphs that count; ids are IMAGE_REGION.
type RegionFaults struct {
	Usable      Tally `json:"usable"`
	BadBox      Tally `json:"bad_box"`
	NoBox       Tally `json:"no_box"`
	UnknownName Tally `json:"unknown_name"`
}

// PairFaults: BadRows are rows of the tables of Medical-Diff-VQA, of any question type, as FILE:LINE; a pair of a study with
// itself and rows that answer one question differently are among them.
type PairFaults struct {
	Usable         Tally `json:"usable"`
	NoImage        Tally `json:"no_image"`
	BadAnswer      Tally `json:"bad_answer"`
	BadRows        Tally `json:"bad_rows"`
	ReferenceLater Tally `json:"reference_later"`
}

// SubjectCounts counts subjects by split; under Official by the split of MIMIC-CXR, where a subject may count twice.
type SubjectCounts struct {
	Train Tally `json:"train"`
	Val   Tally `json:"val"`
	Test  Tally `json:"test"`
}

// OtherFaults are counts beside the usual ones.
type OtherFaults struct {
	SceneGraphs      Tally `json:"scene_graphs"`            // read, of usable images in a split file
	MissingScenes    Tally `json:"scene_graphs_missing"`    // no such file
	UnreadableScenes Tally `json:"scene_graphs_unreadable"` // no JSON of the known form
	OffImageScenes   Tally `json:"scene_graphs_off_image"`  // boxes far outside an image whose original size the metadata do not state
	Questions        Tally `json:"questions"`               // usable rows of the other six types
	BadQuestions     Tally `json:"questions_unusable"`      // no image or a blank answer
	OtherSplit       Tally `json:"rows_in_other_split"`     // rows of a subject that another split has
	UnknownFindings  Tally `json:"unknown_findings"`        // answers in the grammar that name a finding outside the 30
	Resized          Tally `json:"resized_images"`          // usable images of another size than the metadata state: their boxes are scaled
	UnknownSize      Tally `json:"images_of_unstated_size"` // usable images whose size the metadata do not state: boxes are taken as pixels of the file
}
