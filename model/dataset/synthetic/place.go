package synthetic

// The design place asks one question: does it help an encoder to be told where things are? Five findings are one and the same spot, told apart
// by the zone in which it lies; the sixth is a wide heart. The same spot also lies where it means nothing. The chest lies elsewhere and is
// shaped otherwise in each patient, each lung for itself, so that neither the pixels of a zone nor its box can be known without seeing the
// anatomy.

// The findings of the design place.
const (
	placeGranuloma finding = iota
	placePneumonia
	placeFracture
	placeAtelectasis
	placeHernia
	placeCardiomegaly
)

var placeFindings = []findingSpec{
	placeGranuloma:    {name: "granuloma", side: right, other: right, zone: []string{"upper"}, chexpert: "Lung Lesion"},
	placePneumonia:    {name: "pneumonia", side: right, other: right, zone: []string{"lower"}, chexpert: "Pneumonia"},
	placeFracture:     {name: "fracture", side: left, other: left, zone: []string{"upper"}, chexpert: "Fracture"},
	placeAtelectasis:  {name: "atelectasis", side: left, other: left, zone: []string{"lower"}, chexpert: "Atelectasis"},
	placeHernia:       {name: "hernia", zone: []string{"mediastinal"}},
	placeCardiomegaly: {name: "cardiomegaly", chexpert: "Cardiomegaly"},
}

// part is a piece of a patient's anatomy in which zones are measured out.
type part int

const (
	inRightLung part = iota
	inLeftLung
	inMediastinum // above the heart
	inHeart
	inChest // as a whole
)

// zone is a box in units of a part: across, -1 is its left border on the image and 1 its right; down, 0 is its top and 1 its base.
type zone struct {
	part part
	box
}

// zones are the places of the findings, in their order.
var zones = []zone{
	placeGranuloma:    {inRightLung, box{-.74, .09, .74, .35}},
	placePneumonia:    {inRightLung, box{-.85, .68, .50, .92}},
	placeFracture:     {inLeftLung, box{-.74, .09, .74, .35}},
	placeAtelectasis:  {inLeftLung, box{-.50, .68, .85, .92}},
	placeHernia:       {inMediastinum, box{-1, 0, 1, 1}},
	placeCardiomegaly: {inHeart, box{-1, 0, 1, 1}},
}

// decoy is a place where the same spot means nothing. One that has a twin holds a spot less often where that finding is present, so that the
// number of spots, which an average over the film shows, tells little.
type decoy struct {
	zone
	twin finding
}

const noTwin finding = -1

// decoys are the middle of each lung, the neck, the mediastinum where it meets the heart, the heart, and the abdomen. Each holds at most one spot;
// those that stand here more than once may hold several.
var decoys = []decoy{
	{zone{inRightLung, box{-.88, .43, .74, .58}}, placeGranuloma},
	{zone{inRightLung, box{-.88, .43, .74, .58}}, placePneumonia},
	{zone{inLeftLung, box{-.74, .43, .88, .58}}, placeFracture},
	{zone{inLeftLung, box{-.74, .43, .88, .58}}, placeAtelectasis},
	{zone{inChest, box{-.16, 0, .16, .09}}, placeHernia},
	{zone{inChest, box{-.16, .44, .16, .51}}, placeHernia},
	{zone{inChest, box{-.16, 0, .16, .09}}, noTwin},
	{zone{inChest, box{-.16, 0, .16, .09}}, noTwin},
	{zone{inChest, box{-.16, .44, .16, .51}}, noTwin},
	{zone{inChest, box{-.16, .44, .16, .51}}, noTwin},
	{zone{inHeart, box{-.70, .30, .70, .75}}, noTwin},
	{zone{inChest, box{-.70, .90, -.05, .99}}, noTwin},
	{zone{inChest, box{-.70, .90, -.05, .99}}, noTwin},
	{zone{inChest, box{.05, .90, .70, .99}}, noTwin},
	{zone{inChest, box{.05, .90, .70, .99}}, noTwin},
}

// twinKept is the share of its chance that a decoy keeps where the finding is present whose twin it is.
const twinKept = .3

// placeRegions are those of the findings, in their order; each has a phrase. Their boxes are the zones.
var placeRegions = []region{
	placeGranuloma:    {name: "right upper lung zone"},
	placePneumonia:    {name: "right lower lung zone"},
	placeFracture:     {name: "left upper lung zone"},
	placeAtelectasis:  {name: "left lower lung zone"},
	placeHernia:       {name: "upper mediastinum"},
	placeCardiomegaly: {name: "cardiac silhouette"},
}

var placeSights = func() []sight {
	var list []sight
	for f, spec := range placeFindings {
		list = append(list, sight{placeRegions[f].name, finding(f), spec.side, []string{capital(spec.name) + "."}, []string{"Clear."}})
	}
	return list
}()
