package ingest

import (
	"context"
	"slices"
	"sync"
	"time"

	"aslogd/checkpoint"
)

// A desk is what people asked for, over a memory.
type desk struct {
	m          *memory
	mu         sync.Mutex
	parts      []*deskPart
	quarantine map[string][]string // id: reasons
}

type deskPart struct {
	checkpoint.Part
	sum   checkpoint.PartReport
	found map[string]checkpoint.Difference
	calls int
}

func (d *desk) ask(command string, repair bool, span Span, groups ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, g := range groups {
		d.parts = append(d.parts, &deskPart{
			Part:  checkpoint.Part{Operation: 1, Command: command, Repair: repair, Group: g, Span: span, Position: span.From},
			found: map[string]checkpoint.Difference{},
		})
	}
}

func (d *desk) Work(_ context.Context, _ int, underWay []checkpoint.Part, most int) (parts []checkpoint.Part, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.parts {
		busy := slices.ContainsFunc(underWay, func(u checkpoint.Part) bool { return u.Group == p.Group })
		if p.sum.Outcome == "" && !busy && len(parts) < most {
			parts = append(parts, p.Part)
		}
	}
	return parts, nil
}

func (d *desk) Report(_ context.Context, _ checkpoint.Lease, of checkpoint.Part, r checkpoint.PartReport) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.parts {
		if p.Group != of.Group {
			continue
		}
		if p.sum.Outcome != "" {
			return checkpoint.ErrEnded
		}
		p.calls++
		p.Position = checkpoint.Later(p.Position, r.Position)
		p.sum.Requests += r.Requests
		p.sum.Rows += r.Rows
		p.sum.New += r.New
		p.sum.Unproved += r.Unproved
		p.sum.Failure, p.sum.Outcome = r.Failure, r.Outcome
		for _, f := range r.Differences {
			p.found[f.Kind+" "+f.Action] = f
		}
	}
	return nil
}

func (d *desk) Stored(_ context.Context, group string, ids []string) (all []checkpoint.Stored, err error) {
	d.m.mu.Lock()
	defer d.m.mu.Unlock()
	for _, id := range ids {
		if s, ok := d.m.stored[group][id]; ok {
			all = append(all, checkpoint.Stored{Action: id, Status: &s, Hash: []byte(id + s)})
		}
	}
	return all, nil
}

func (d *desk) StoredIn(_ context.Context, group string, span Span, _ int64, _ time.Time) (all []checkpoint.Stored, err error) {
	d.m.mu.Lock()
	defer d.m.mu.Unlock()
	d.m.cloud.mu.Lock()
	defer d.m.cloud.mu.Unlock()
	for _, e := range d.m.cloud.log[group] {
		if s, ok := d.m.stored[group][e.id]; ok && span.Has(e.start) {
			all = append(all, checkpoint.Stored{Action: e.id, Status: &s, Start: &e.start, Hash: []byte(e.id + s)})
		}
	}
	return all, nil
}

func (d *desk) Quarantined(context.Context, string) (ids []string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id := range d.quarantine {
		ids = append(ids, id)
	}
	return ids, nil
}

func (d *desk) Resolve(_ context.Context, _ checkpoint.Lease, group, id string, _ []string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.m.status(group, id) != "" {
		delete(d.quarantine, id)
	}
	return nil
}
