package sink

import (
	"bytes"
	"slices"
	"time"

	"aslogd/ingest"
)

// A unit is the smallest thing that Postgres can refuse alone: one answer
// about one action, or (seen nil) what else a batch says.
type unit struct {
	item *item
	seen *ingest.Seen
}

func (u unit) key() key { return key{u.item.batch.Target.Group, u.seen.ID} }

func (u unit) sight() sight {
	a := u.seen
	return sight{
		hash: a.Hash, doing: a.Status != nil && *a.Status == "DOING", open: a.Open(),
		epoch: u.item.batch.Epoch, asked: micro(a.Asked),
	}
}

// A key names an action.
type key struct{ group, action string }

// units takes batches apart, in their order.
func units(items []*item) []unit {
	var all []unit
	for _, it := range items {
		for i := range it.batch.Actions {
			all = append(all, unit{it, &it.batch.Actions[i]})
		}
		all = append(all, unit{it, nil})
	}
	return all
}

// A plan is a merged commit before it is known what is stored: every action
// once, in the order in which they came, with all answers about it in the
// order in which they were asked for.
type plan struct {
	keys    []key
	answers map[key][]unit
	rests   []*item
}

func newPlan(all []unit) *plan {
	p := &plan{answers: make(map[key][]unit, len(all))}
	for _, u := range all {
		if u.seen == nil {
			p.rests = append(p.rests, u.item)
			continue
		}
		k := u.key()
		if _, ok := p.answers[k]; !ok {
			p.keys = append(p.keys, k)
		}
		p.answers[k] = append(p.answers[k], u)
	}
	for _, answers := range p.answers {
		slices.SortStableFunc(answers, func(a, b unit) int { return a.seen.Asked.Compare(b.seen.Asked) })
	}
	return p
}

// columns is the keys as two arrays.
func columns(keys []key) (groups, actions []string) {
	for _, k := range keys {
		groups, actions = append(groups, k.group), append(actions, k.action)
	}
	return groups, actions
}

// A change is what a merged commit does to one action.
type change struct {
	key    key
	stored *state // nil: the action is new
	former []byte // the stored hash, under this release's normal form
	final  *state
	chosen unit // the answer that makes a revision; seen is nil where none does
	row    *Row // its journal row
}

// note reports whether something is to be remembered without a revision.
func (c *change) note() bool {
	return c.chosen.seen == nil && c.stored != nil &&
		(string(c.stored.hash) != string(c.final.hash) || string(c.stored.staleHash) != string(c.final.staleHash))
}

// judge decides about every action in turn, and counts what each batch came
// to. rehashed holds stored hashes under this release's normal form, where
// they were made under another.
func (p *plan) judge(stored map[key]*state, rehashed map[key][]byte, settle time.Duration) ([]change, map[*item]ingest.Outcome) {
	outcomes := map[*item]ingest.Outcome{}
	changes := make([]change, 0, len(p.keys))
	for _, k := range p.keys {
		c := change{key: k, stored: stored[k]}
		c.final = c.stored
		if hash, ok := rehashed[k]; ok {
			again := *c.stored
			again.hash = hash
			c.final = &again
		}
		if c.final != nil {
			c.former = c.final.hash
		}
		for _, u := range p.answers[k] {
			v := decide(c.final, u.sight(), settle)
			if v == isNew || v == isChanged {
				c.chosen = u
			}
			if v.stale() {
				out := outcomes[u.item]
				out.Stale++
				outcomes[u.item] = out
			}
			c.final = c.final.after(u.sight(), v)
		}
		if c.stored != nil && bytes.Equal(c.final.hash, c.former) {
			c.chosen = unit{} // the answers have come back to what is stored
		}
		if c.chosen.seen != nil {
			out := outcomes[c.chosen.item]
			if c.stored == nil {
				out.New++
				if start := c.chosen.seen.StartTime; start != nil && (out.Earliest.IsZero() || start.Before(out.Earliest)) {
					out.Earliest = start.UTC()
				}
			} else {
				out.Changed++
			}
			outcomes[c.chosen.item] = out
		}
		changes = append(changes, c)
	}
	return changes, outcomes
}

// micro cuts a moment to what Postgres keeps, so that what is compared and
// hashed is what is stored.
func micro(t time.Time) time.Time { return time.UnixMicro(t.UnixMicro()).UTC() }

func microp(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := micro(*t)
	return &u
}
