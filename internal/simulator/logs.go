package simulator

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// logs answers one page of a group's actions, newest first.
func (s *Simulator) logs(r *http.Request, n uint64) answer {
	q, refusal := parseQuery(r.URL.Query(), &s.cfg.Faults)
	if refusal != nil {
		return *refusal
	}
	now := s.cfg.Now()
	s.mu.Lock()
	s.advance(now)
	g := s.byID[r.PathValue("group")]
	if g == nil || !g.exists(now) {
		s.mu.Unlock()
		return noGroup()
	}
	if q.start > 0 {
		s.drift(g, now)
		s.driftClosed(g, &q, now)
	}
	rows, total := s.page(g, q, n, now)
	s.mu.Unlock()
	return jsonAnswer(http.StatusOK, g.page(rows, total, q, now.Unix()))
}

func noGroup() answer {
	return serviceError(http.StatusBadRequest, "AS.2007", "The AS group does not exist.")
}

// page picks the rows of a page and counts all that match. The caller holds
// s.mu; the rows are copies.
func (s *Simulator) page(g *group, q query, n uint64, now time.Time) ([]event, int) {
	all := s.choose(g, &q, now)
	total, at := all.n, all.at
	first := min(q.start, total)
	last := min(q.start+q.limit, total)
	if first == last {
		return nil, s.told(g, &q, now, total)
	}
	// Rows of one second may come in any order. To shuffle them alike for all
	// pages of this request's number, the seconds at both ends are taken whole.
	a, b := first, last
	if s.cfg.Faults.ShuffleTies {
		for a > 0 && at(a-1).start == at(a).start {
			a--
		}
		for b < total && at(b).start == at(b-1).start {
			b++
		}
	}
	rows := make([]event, 0, b-a)
	for i := a; i < b; i++ {
		rows = append(rows, *at(i))
	}
	if s.cfg.Faults.ShuffleTies {
		slices.SortFunc(rows, func(x, y event) int {
			if x.start != y.start {
				if s.cfg.Faults.Ascending {
					x, y = y, x
				}
				return int(min(1, max(-1, y.start-x.start)))
			}
			dx, dy := rollFor(n, x.key), rollFor(n, y.key)
			if dx < dy {
				return -1
			}
			return 1
		})
	}
	return rows[first-a : last-a], s.told(g, &q, now, total)
}

// page writes the answer's text, laid out as in the vendor's example.
func (g *group) page(rows []event, total int, q query, view int64) []byte {
	b := make([]byte, 0, 200+1300*len(rows))
	b = append(b, "{\n    \"limit\": "...)
	b = strconv.AppendInt(b, int64(q.limit), 10)
	b = append(b, ",\n    \"scaling_activity_log\": ["...)
	for i := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, "\n    "...)
		b = g.record(b, &rows[i], view)
	}
	b = append(b, "\n],\n    \"total_number\": "...)
	b = strconv.AppendInt(b, int64(total), 10)
	b = append(b, ",\n    \"start_number\": "...)
	b = strconv.AppendInt(b, int64(q.start), 10)
	return append(b, "\n}\n"...)
}
