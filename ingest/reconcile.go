package ingest

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"aslogd/checkpoint"
)

// maxConfirmed is how many vanished actions of a piece are asked for by id.
const maxConfirmed = 20

// compare holds a page against the tables. What is newer than the newest
// covered moment is lag, which the tail is about to read, and no difference.
func (e *errand) compare(ctx context.Context, b *Batch) error {
	e.w.mu.Lock()
	front := e.w.frontLocked()
	e.w.mu.Unlock()
	var ids []string
	shown := map[string]Seen{}
	for _, a := range b.Actions {
		if a.StartTime != nil && (!e.part.Span.Has(*a.StartTime) || !a.StartTime.Before(front)) {
			continue
		}
		ids = append(ids, a.ID)
		shown[a.ID] = a
	}
	if len(ids) == 0 {
		return nil
	}
	stored, err := e.desk.Stored(ctx, e.part.Group, ids)
	if err != nil {
		return err
	}
	for _, s := range stored {
		a := shown[s.Action]
		delete(shown, s.Action)
		// Hashes of two normal forms cannot be compared; the commit can.
		alike := bytes.Equal(s.Hash, a.Hash) || len(s.Hash) > 0 && s.Hash[0] != a.Hash[0]
		later := s.Epoch > e.w.epoch || s.Epoch == e.w.epoch && s.Asked.After(a.Asked)
		if !alike && !later {
			e.w.soon(a.ID)
			e.note(checkpoint.Differing, a, fmt.Sprintf("the table says %s, the API %s", word(s.Status), word(a.Status)))
		}
	}
	for _, a := range shown {
		e.note(checkpoint.Missing, a, fmt.Sprintf("the API shows it (%s), the table lacks it", word(a.Status)))
	}
	return nil
}

// soon lets an open action that the API shows in another state be asked for at
// the next poll, however rarely it was due.
func (w *worker) soon(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f, ok := w.open[id]; ok {
		f.asked = time.Time{}
	}
}

func word(s *string) string {
	if s == nil {
		return "no status"
	}
	return *s
}

func (e *errand) note(kind string, a Seen, detail string) {
	e.add(checkpoint.Difference{Kind: kind, Action: a.ID, Start: a.StartTime, Detail: detail, Hash: a.Hash, Asked: a.Asked})
}

func (e *errand) add(d checkpoint.Difference) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.found == nil {
		e.found = map[string]checkpoint.Difference{}
	}
	if _, ok := e.found[d.Kind+d.Action]; !ok { // as it was when it was first seen
		e.found[d.Kind+d.Action] = d
	}
}

// extras are what the tables have of a proved piece and the API did not show.
// That is no reason to delete anything: mostly the API has forgotten, and the
// oldest action that it still shows for the group is the evidence. For the
// others it is asked by id, since a filter on another field than the start
// would leave them out of the piece.
func (e *errand) extras(ctx context.Context, res result, began time.Time) error {
	stored, err := e.desk.StoredIn(ctx, e.part.Group, res.span, e.w.epoch, began)
	if err != nil {
		return err
	}
	var gone []checkpoint.Stored
	for _, s := range stored {
		if _, ok := res.seen[s.Action]; !ok {
			gone = append(gone, s)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	oldest, err := e.w.findOldest(ctx, e)
	if err != nil {
		return fmt.Errorf("ask for the oldest action: %w", err)
	}
	confirmed := 0
	for _, s := range gone {
		d := checkpoint.Difference{Kind: checkpoint.Extra, Action: s.Action, Start: s.Start, Asked: began}
		switch {
		case oldest == nil:
			d.Detail = "the API shows nothing at all for the group"
		case s.Start.Before(*oldest):
			d.Explained = true
			d.Detail = fmt.Sprintf("retention: the oldest action that the API shows for the group started at %s", oldest.UTC().Format(time.RFC3339))
		case confirmed == maxConfirmed:
			d.Detail = "the API shows older ones, and not this one among those of its time"
		default:
			confirmed++
			e.asked()
			page, err := e.w.api.Actions(ctx, e.class(), e.part.Group, Query{LogID: s.Action, Limit: 1})
			if err != nil {
				return fmt.Errorf("ask for action %s: %w", s.Action, err)
			}
			page.Done()
			if holds(page, s.Action) {
				continue
			}
			d.Detail = "the API shows older ones, and not this one even when it is asked for by id"
		}
		e.add(d)
	}
	return nil
}

func holds(page *Page, id string) bool {
	for _, a := range page.Actions {
		if a.ID == id {
			return true
		}
	}
	return false
}

// conclude ends a reconcile: with repair it tries quarantined records again.
// Without, what differs may just be what the group's own reading takes a moment
// later, so that is given one poll before it is judged.
func (e *errand) conclude(ctx context.Context) error {
	if e.part.Repair {
		return e.retry(ctx)
	}
	if !e.differ && e.part.Position.Equal(e.part.Span.From) { // and nobody before found anything
		return nil
	}
	select {
	case e.w.hint <- struct{}{}:
	default:
	}
	if !pause(ctx, e.w.poll) {
		return ctx.Err()
	}
	return nil
}

// retry asks for the group's quarantined records again, each by its id. Those
// that are taken now are resolved; a field that still cannot be read keeps its
// row.
func (e *errand) retry(ctx context.Context) error {
	ids, err := e.desk.Quarantined(ctx, e.part.Group)
	if err != nil {
		return err
	}
	for _, id := range ids {
		e.asked()
		page, err := e.w.api.Actions(ctx, e.class(), e.part.Group, Query{LogID: id, Limit: 1})
		if err != nil {
			return fmt.Errorf("ask for quarantined action %s: %w", id, err)
		}
		if !holds(page, id) {
			page.Done()
			continue
		}
		out, err := e.w.commit(ctx, e.class(), &Batch{Actions: e.w.oldestFirst(page), Rejects: page.Rejects})
		page.Done()
		if err != nil {
			return fmt.Errorf("commit quarantined action %s: %w", id, err)
		}
		e.took(out)
		var still []string
		for _, a := range page.Actions {
			for _, f := range a.Faults {
				still = append(still, "field:"+f.Field)
			}
		}
		if err := e.desk.Resolve(ctx, e.lease, e.part.Group, id, still); err != nil {
			return err
		}
	}
	return nil
}
