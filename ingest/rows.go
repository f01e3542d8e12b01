package ingest

import (
	"slices"
	"strconv"
	"time"

	"aslogd/ingest/action"
)

// A row is what a pass remembers of one row: which record it was, and in which
// second it started. Bodies are committed and forgotten.
type row struct {
	key    string
	second int64
}

// rowsOf names each row of a page. A row without an id is known by its bytes;
// of several such rows with the same bytes on one page, each counts. (On two
// pages they count once: then the pass proves nothing, which errs the safe way.)
func rowsOf(p *Page) []row {
	rows := make([]row, 0, p.Rows())
	for _, a := range p.Actions {
		r := row{key: a.ID}
		if a.StartTime != nil {
			r.second = a.StartTime.Unix()
		}
		rows = append(rows, r)
	}
	twins := map[string]int{}
	for _, r := range p.Rejects {
		key := r.ActionID
		if key == "" {
			key = "\x00" + string(r.RawHash)
			twins[key]++
			key += "#" + strconv.Itoa(twins[key])
		}
		rows = append(rows, row{key: key})
	}
	return rows
}

// last says that there can be nothing behind the page: it comes to the total, and
// had room for more, by the limit that the server says it took. (One that takes
// less than it is asked for, and does not say so, has no short pages.)
func (p *Page) last() bool {
	return p.Start+p.Rows() >= p.Total && p.Echoed && p.Rows() < p.Limit
}

// oldestFirst is the actions of a page in the order in which they started: the
// API answers newest first, and what happened first is to be told first.
func (w *worker) oldestFirst(p *Page) []Seen {
	seen := make([]Seen, len(p.Actions))
	for i, a := range p.Actions {
		seen[len(seen)-1-i] = Seen{Action: a, Asked: w.order(p.Asked)}
	}
	slices.SortStableFunc(seen, func(a, b Seen) int { return started(a.Action).Compare(started(b.Action)) })
	return seen
}

// order is a moment as answers of one owner are put in order by: it goes on
// evenly from when the owner began, however the machine's clock is set meanwhile.
// By that clock everything asked for after it was set back would be too late,
// for as long as it was ahead.
func (w *worker) order(asked time.Time) time.Time { return w.began.Add(asked.Sub(w.began)) }

// oldestOf is the earliest start on a page; nil where no row has one.
func oldestOf(p *Page) *time.Time {
	var oldest *time.Time
	for _, a := range p.Actions {
		if s := a.StartTime; s != nil && (oldest == nil || s.Before(*oldest)) {
			oldest = s
		}
	}
	return oldest
}

func started(a *action.Action) time.Time {
	if a.StartTime == nil {
		return time.Time{}
	}
	return *a.StartTime
}

func second(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

func older(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.Before(*a) {
		return b
	}
	return a
}
