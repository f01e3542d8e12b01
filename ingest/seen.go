package ingest

import (
	"math"
	"time"
)

// begin starts the pass at its first page, forgetting what was read before.
func (p *pass) begin(first *Page) {
	p.began, p.total, p.oldest, p.newest, p.short = sentAt(first.Asked, first.Date, time.Now()), first.Total, nil, 0, false
	p.asked, p.lowest, p.mixed, p.sorted = first.Asked, math.MaxInt64, false, false
	p.head, p.seen = rowsOf(first), make(map[string]struct{}, max(first.Total, first.Rows()))
	p.add(first)
}

// add takes a page's rows.
func (p *pass) add(page *Page) {
	p.take(rowsOf(page))
	for _, r := range page.Rejects {
		if r.ActionID == "" {
			p.bad = append(p.bad, r.RawHash)
		}
	}
	p.oldest = older(p.oldest, oldestProof(page))
	p.short = p.short || page.last()
}

// take is add for the rows alone.
func (p *pass) take(rows []row) {
	for _, r := range rows {
		p.seen[r.key] = struct{}{}
		if p.recall != nil {
			delete(p.recall.rows, r.key)
		}
		p.mixed = p.mixed || r.second == 0 || r.second > p.lowest
		p.sorted = p.sorted || r.second < p.lowest && p.lowest < math.MaxInt64
		p.lowest = r.second
		if r.second > p.newest && p.span.Has(time.Unix(r.second, 0)) {
			p.newest = r.second
		}
	}
}

// shares is how many rows of the page the pass has seen.
func (p *pass) shares(page *Page) (known int) {
	for _, r := range rowsOf(page) {
		if _, ok := p.seen[r.key]; ok {
			known++
		}
	}
	return known
}
