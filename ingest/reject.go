package ingest

import (
	"regexp"
	"time"

	"aslogd/checkpoint"
)

// startStamp finds a start in a record that is no JSON.
var startStamp = regexp.MustCompile(`"start_time"\s*:\s*"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"`)

// placed says of each reject where it was read: in the second in which it
// started, where its text tells that, or else somewhere in the span.
func (p *pass) placed(rejects []Reject) []Reject {
	for i := range rejects {
		r := &rejects[i]
		r.Place = p.whole()
		if found := startStamp.FindSubmatch(r.Raw); found != nil && !r.Page {
			if at, err := time.Parse(time.RFC3339, string(found[1])); err == nil {
				r.Place = Span{From: at, To: at.Add(time.Second)}
			}
		}
	}
	return rejects
}

// whole is the span that the pass asks for, up to its beginning where it has no
// other end. What is read twice of a moving list may lie a moment later.
func (p *pass) whole() Span {
	s := p.span
	if s.To.IsZero() {
		began := p.began
		if began.IsZero() {
			began = time.Now()
		}
		s.To = checkpoint.Later(second(began), s.From)
	}
	return s
}
