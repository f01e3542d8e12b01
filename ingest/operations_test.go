package ingest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
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

// settled is a cloud of one group with 2,000 actions of 20 days, all stored.
func settled(t *testing.T) (*cloud, *memory, *desk, *Fleet) {
	t.Helper()
	c := newCloud()
	m := newMemory(t, c, found("g", 20*24*time.Hour))
	c.add("g", every("a", time.Now().Add(-20*24*time.Hour), 2000, 14*time.Minute)...)
	f := m.fleet()
	d := &desk{m: m, quarantine: map[string][]string{}}
	f.Desk = d
	if err := m.run(f, time.Hour); err != nil {
		t.Fatal(err)
	}
	m.requireAll("g")
	return c, m, d, f
}

func past(days int) Span {
	now := second(time.Now())
	return Span{From: now.Add(-time.Duration(days) * 24 * time.Hour), To: now}
}

// What breaks: the process dies in the middle of a backfill that was asked for,
// three times; requests fail.
// What must hold: each process goes on where the last report was, and what the
// tables had lost is there again.
func TestLaw08ABackfillGoesOnAfterDeath(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, m, d, f := settled(t)
		c.add("g", every("b", time.Now().Add(-19*24*time.Hour), 16000, time.Minute)...) // late beyond all overlap
		c.latency = 3 * time.Second
		c.weather = func(n int, _ string, _ Query) error {
			if n%61 == 0 {
				return errors.New("502")
			}
			return nil
		}
		d.ask(checkpoint.CommandBackfill, false, past(20), "g")
		part := d.parts[0]
		var positions []time.Time
		for range 3 {
			if err := m.run(f, 30*time.Second); err != nil {
				t.Fatal(err)
			}
			positions = append(positions, part.Position)
		}
		if !slices.IsSortedFunc(positions, time.Time.Compare) || !positions[2].After(part.Span.From) || part.sum.Outcome != "" {
			t.Fatalf("after three deaths: %v, %+v", positions, part.sum)
		}
		if err := m.run(f, 3*time.Hour); err != nil {
			t.Fatal(err)
		}
		if part.sum.Outcome != checkpoint.Done || part.sum.Unproved != 0 || part.sum.New == 0 || part.sum.Failure != "" {
			t.Errorf("%+v", part.sum)
		}
		m.requireAll("g")
		t.Logf("%d requests for %d rows, %d reports", part.sum.Requests, part.sum.Rows, part.calls)
	})
}

// Reconcile names what is missing, what differs, what was forgotten and what
// vanished; without repair nothing that is stored changes, with it all but what
// vanished is mended.
func TestReconcile(t *testing.T) {
	t.Parallel()
	for _, repair := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c, m, d, f := settled(t)
			now := time.Now()
			m.mu.Lock()
			delete(m.stored["g"], "a00500")
			m.stored["g"]["a00600"] = "DOING"
			m.mu.Unlock()
			c.mu.Lock()
			for _, e := range c.log["g"] {
				if e.id == "a00700" || e.start.Before(now.Add(-19*24*time.Hour)) {
					e.expires = now
				}
			}
			c.mu.Unlock()
			span := past(20)
			d.ask(checkpoint.CommandReconcile, repair, span, "g")
			d.quarantine["a00800"] = []string{"refused"}
			before := m.get("g").Covered
			if err := m.run(f, 20*time.Minute); err != nil {
				t.Fatal(err)
			}
			part := d.parts[0]
			if part.sum.Outcome != checkpoint.Done {
				t.Fatalf("%+v", part.sum)
			}
			for kind, want := range map[string]bool{"missing a00500": false, "differing a00600": false, "extra a00700": false, "extra a00010": true} {
				if got, ok := part.found[kind]; !ok || got.Explained != want {
					t.Errorf("%s: %+v", kind, got)
				}
			}
			for kind, f := range part.found {
				if !f.Explained && kind != "missing a00500" && kind != "differing a00600" && kind != "extra a00700" {
					t.Errorf("found besides: %+v", f)
				}
			}
			if got := m.status("g", "a00500"); (got == "SUCCESS") != repair {
				t.Errorf("repair %v: what was missing is stored as %q", repair, got)
			}
			if got := m.status("g", "a00700"); got != "SUCCESS" {
				t.Errorf("what vanished was touched: %q", got)
			}
			if left := len(d.quarantine); (left == 0) != repair {
				t.Errorf("repair %v: %d in quarantine", repair, left)
			}
			if old := before.Holes(m.get("g").Covered[0]); !repair && old.Len() > 1 {
				t.Errorf("coverage grew by %v", old)
			}
			if n := c.requests[Backfill] - 25; n > 10 {
				t.Errorf("%d requests went as backfill", n)
			}
		})
	}
}

// A part that the API refuses ends and says so; weather is tried again, and a
// part that gets nowhere is given up.
func TestAPartThatCannotBeDoneEnds(t *testing.T) {
	t.Parallel()
	for cause, within := range map[error]time.Duration{ErrRefused: 10 * time.Second, ErrNoGroup: 10 * time.Second, errors.New("500"): 10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			c, m, d, f := settled(t)
			c.weather = func(int, string, Query) error { return cause }
			d.ask(checkpoint.CommandBackfill, false, past(3), "g", "of no source")
			if err := m.run(f, within); err != nil {
				t.Fatal(err)
			}
			if got := d.parts[0].sum; got.Outcome == "" || got.Outcome == checkpoint.Done {
				t.Errorf("%v: %+v", cause, got)
			}
			if got := d.parts[1].sum; got.Outcome != "" {
				t.Errorf("a group that is not read here: %+v", got)
			}
		})
	}
}

func TestALostShardEndsItsParts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, m, d, f := settled(t)
		d.ask(checkpoint.CommandBackfill, false, past(20), "g")
		f.Desk = lostDesk{d}
		if err := m.run(f, time.Minute); !errors.Is(err, checkpoint.ErrLost) {
			t.Errorf("ended with %v", err)
		}
	})
}

type lostDesk struct{ *desk }

func (lostDesk) Report(context.Context, checkpoint.Lease, checkpoint.Part, checkpoint.PartReport) error {
	return checkpoint.ErrLost
}
