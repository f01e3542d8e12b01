package ingest

import "time"

// oldestProof is the earliest start on a page that shows how far back the API
// remembers; nil where none does. An action that is still open may be shown for
// as long as it hangs, however old; and what is stamped with a moment that is
// still to come by the API's own clock has a stamp that says nothing.
func oldestProof(p *Page) (oldest *time.Time) {
	for _, a := range p.Actions {
		if a.StartTime != nil && !a.Open() && !a.StartTime.After(p.Date) {
			oldest = older(oldest, a.StartTime)
		}
	}
	return oldest
}
