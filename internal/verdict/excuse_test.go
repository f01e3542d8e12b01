package verdict

import (
	"testing"
	"time"

	"aslogd/internal/simulator"
)

// A gap excuses what the truth says is lost for ever, for that reason, and
// nothing else: a daemon that marks its past as a gap is not good.
func TestAGapExcusesWhatTheTruthBearsOut(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	later, sooner := start.Add(time.Hour), start.Add(-time.Hour)
	for _, tc := range []struct {
		name, reason string
		expired      bool
		deleted      *time.Time
		cap          int
		excused      bool
	}{
		{"retention hides it", "retention", true, nil, 0, true},
		{"retention does not hide it", "retention", false, nil, 0, false},
		{"retention hides it, and the gap says another reason", "gone", true, nil, 0, false},
		{"its group was deleted", "gone", false, &later, 0, true},
		{"its group was not deleted", "gone", false, nil, 0, false},
		{"its group was deleted before it began", "gone", false, &sooner, 0, false},
		{"its second is fuller than the cap", "offset_cap", false, nil, 2, true},
		{"its second is as full as the cap", "offset_cap", false, nil, 3, false},
		{"there is no cap", "offset_cap", false, nil, 0, false},
		{"it is unproven", "unproven", true, &later, 2, false},
	} {
		a := simulator.ActionTruth{ID: "a", Start: start, Expired: tc.expired, States: []simulator.State{{Raw: []byte("{}")}}}
		truth := &simulator.Truth{OffsetCap: tc.cap, Groups: []simulator.GroupTruth{{ID: "g", Deleted: tc.deleted, Actions: []simulator.ActionTruth{a, a, a}}}}
		e := &Evidence{Gaps: map[string][]Gap{"g": {{start, start.Add(time.Second), tc.reason}}}}
		v := e.Judge(truth)
		if (v.InGap == 3) != tc.excused || (v.Missing == 0) != tc.excused {
			t.Errorf("%s: %d missing, %d in gaps", tc.name, v.Missing, v.InGap)
		}
	}
}
