package synthetic

import (
	"fmt"
	"image"
	"math/rand/v2"
)

// Design names what a set shows and says.
type Design string

const (
	// Look is ten findings that differ in how they look; five of them are too fine for 224 pixels.
	Look Design = ""
	// Place is six findings, five of which are the same spot and differ in where it lies (place.go).
	Place Design = "place"
)

// Designs lists all.
var Designs = [...]Design{Look, Place}

// design holds the tables of a design, and what draws and writes a study of it.
type design struct {
	revision int // raised when this design alone draws other bytes; Version is raised where all may
	findings []findingSpec
	regions  []region // in the order of scene graphs
	sights   []sight

	habitus  func(r *rand.Rand) habitus
	geometry func(r *rand.Rand, h habitus, s *state, ap bool) geometry
	film     func(r *rand.Rand, h habitus, g *geometry, s *state, e exposure, p Params) *image.Gray
	texts    func(r *rand.Rand, s *state, ap, first bool, p Params) (report string, said []statement)
}

var designs = map[Design]*design{
	Look: {
		findings: lookFindings[:], regions: lookRegions, sights: lookSights,
		habitus: drawHabitus, geometry: drawGeometry, film: drawRadiograph, texts: lookTexts,
	},
	Place: {
		revision: 1, // 0 had wider and denser hearts
		findings: placeFindings, regions: placeRegions, sights: placeSights,
		habitus: drawChest, geometry: drawPose, film: drawPlaces, texts: placeTexts,
	},
}

// Revision is that of a known design.
func (d Design) Revision() int { return designs[d].revision }

// design is that of valid parameters.
func (p Params) design() *design { return designs[p.Design] }

// ParseDesign reads the name of a design.
func ParseDesign(name string) (Design, error) {
	if _, ok := designs[Design(name)]; !ok {
		return "", fmt.Errorf("unknown design %q: want one of %q", name, Designs)
	}
	return Design(name), nil
}
