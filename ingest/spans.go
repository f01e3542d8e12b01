package ingest

import (
	"context"
	"errors"
	"time"

	"aslogd/checkpoint"
)

// A region is a stretch that some first page counted: from wherever reading
// has come to, up to its end, about rows are left. Regions nest.
type region struct {
	end  time.Time
	rows int
}

// readSpan proves a closed span piece by piece, oldest first, and calls each
// after every piece. Pieces are cut by count: the first request asks for the
// whole; what is too large tells its total, and with it how long a piece of
// few enough pages should be, so that most first pages are of spans that fit,
// and are not asked in vain.
//
// A piece that does not stand still is halved, down to one second; a second
// that cannot be proved is left as a gap, and reading goes on behind it. So is
// a piece that is no page whatever part of it is asked for; the error is
// returned at the end, or after a few in a row, when it is no longer the piece.
//
// A backfill's next piece reaches back to the newest row that was proved: as long
// as that is shown, nothing behind it is forgotten, and nobody need ask (see
// remembers). Where a piece fails or has to be short, it begins where it should.
func (w *worker) readSpan(ctx context.Context, class Class, span Span, each func(result) error) error {
	return w.readSpanFor(ctx, nil, class, span, each)
}

// readSpanFor is readSpan for an errand, which sees all that is read.
func (w *worker) readSpanFor(ctx context.Context, e *errand, class Class, span Span, each func(result) error) error {
	whole, err := w.census(ctx, class, e, span)
	if err != nil {
		return err
	}
	regions := []region{{end: span.To}} // not counted: taken whole
	start := w.takeHead(class, e, span)
	if start != nil {
		regions[0].rows = start.total
	}
	var longest time.Duration // after a halving; 0: no bound
	var unreadable error
	failed := 0 // pieces in a row
	back := span.From
	for from := span.From; from.Before(span.To); {
		for len(regions) > 1 && !regions[len(regions)-1].end.After(from) {
			regions = regions[:len(regions)-1]
		}
		most := min(maxRows, w.depth())
		piece := Span{From: from, To: cut(from, regions[len(regions)-1], most)}
		if longest > 0 {
			piece.To = checkpoint.Earlier(piece.To, from.Add(longest))
		}
		length := piece.Length()
		piece.From = back
		if start != nil && piece != span { // it is of no further use
			start = nil
		}
		res, err := w.readPiece(ctx, e, class, piece, most, !whole, start)
		start = nil
		switch {
		case err == nil && res.tooLarge:
			regions = append(regions, region{end: piece.To, rows: res.total})
			if length == time.Second {
				back = from
			}
			continue
		case errors.Is(err, errTooDeep):
			continue // with what is known now
		case err == nil:
			failed = 0
		case !errors.Is(err, ErrNotJSON) || failed == mostUnreadable:
			return err
		default:
			failed, unreadable = failed+1, err
		}
		if res.moving || err != nil {
			again := length > time.Second || back.Before(from)
			back = from
			if again {
				longest = max((length / 2).Truncate(time.Second), time.Second)
				continue
			}
		}
		if err != nil {
			from, back = piece.To, piece.To
			continue
		}
		if err := each(res); err != nil {
			return err
		}
		if longest > 0 {
			longest *= 4
		}
		for i := range regions {
			regions[i].rows = max(0, regions[i].rows-res.total)
		}
		from = piece.To
		switch {
		case class != Backfill || !res.proved:
			back = from
		case !res.newest.IsZero():
			back = res.newest
		}
	}
	return unreadable
}

// readPiece reads a piece to its end, unless it holds more than most rows: then
// only its first page. What is withheld is read and proves nothing.
// Start is what is known of the piece's first page; nil: it is asked for.
func (w *worker) readPiece(ctx context.Context, e *errand, class Class, piece Span, most int, withheld bool, start *headstart) (result, error) {
	p := w.newPass(class, piece)
	p.errand, p.withheld = e, withheld
	defer p.end()
	head, err := p.first(ctx, start)
	if err != nil {
		return result{}, err
	}
	most = min(most, w.depth()) // others may have found meanwhile that it is less
	if p.total > most && piece.Length() > time.Second {
		res := p.result()
		res.tooLarge = true
		return res, p.commit(ctx, head)
	}
	if p.capped() {
		alone, narrowed, err := p.narrow(ctx, head)
		if err != nil {
			return result{}, err
		}
		if alone != p {
			defer alone.end()
		}
		p, head = alone, narrowed
	}
	return p.readClosed(ctx, head)
}

// mostUnreadable is how many pieces in a row may be no page before it is
// thought that nothing is. Each was half as long as the one before.
const mostUnreadable = 6

// cut is where a piece of few enough rows, that begins at from, should end:
// the region's rows are shared out over as few even pieces as will do.
func cut(from time.Time, r region, most int) time.Time {
	if r.rows <= most {
		return r.end
	}
	aim := max(1, most*5/6) // below it, since rows are not spread evenly, and a first page that finds too many is in vain
	pieces := (r.rows + aim - 1) / aim
	length := (r.end.Sub(from) / time.Duration(pieces)).Truncate(time.Second)
	return checkpoint.Earlier(r.end, from.Add(max(length, time.Second)))
}
