package dataset

import (
	"strconv"
	"strings"
)

// A moment is when a study was taken: the date as YYYYMMDD, shifted by the source, 0 where it is unknown, and the second of the day,
// -1 where that is.
type moment struct {
	date   int
	second float64
}

// before reports whether m is earlier than other; false where a date, or on one day a time, is unknown.
func (m moment) before(other moment) bool {
	if m.date == 0 || other.date == 0 {
		return false
	}
	if m.date != other.date {
		return m.date < other.date
	}
	return m.second >= 0 && other.second >= 0 && m.second < other.second
}

// parseMoment reads StudyDate and StudyTime of the metadata.
func parseMoment(date, time string) moment { return moment{parseDate(date), parseTime(time)} }

// parseDate reads YYYYMMDD, also as "21780510.0" and "2178-05-10"; 0 when it is not a date.
func parseDate(s string) int {
	s = strings.TrimSuffix(s, ".0")
	if len(s) == len("2178-05-10") && s[4] == '-' && s[7] == '-' {
		s = strings.ReplaceAll(s, "-", "")
	}
	date, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return date
}

// parseTime reads HHMMSS.sss, whose leading zeros a spreadsheet drops, and HH:MM:SS.sss as seconds; -1 when it is not a time.
func parseTime(s string) float64 {
	v, err := strconv.ParseFloat(strings.ReplaceAll(s, ":", ""), 64)
	if err != nil || !(v >= 0 && v < 240000) {
		return -1
	}
	hour, minute, second := int(v)/10000, int(v)/100%100, v-float64(int(v)/100*100)
	if minute > 59 || second >= 61 {
		return -1
	}
	return float64(hour*3600+minute*60) + second
}
