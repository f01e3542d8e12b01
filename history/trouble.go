package history

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// How long something may last before it is worth a word.
const (
	lagWorth     = 10 * time.Minute
	publishWorth = time.Minute
)

// find is all that Postgres shows to be wrong, the gravest first.
func (r *Report) find() []Trouble {
	found := []Trouble{}
	for _, s := range r.Shards {
		if s.Stopped != nil {
			found = append(found, Stands(s.Number, s.StoppedKind, *s.Stopped))
		}
	}
	found = append(found, r.unheld()...)
	found = append(found, r.unpublished()...)
	for _, s := range r.Sources {
		found = append(found, r.ofSource(s)...)
	}
	if r.Quarantined > 0 {
		found = append(found, NewTrouble(Quarantining, "", plural(r.Quarantined, "record is", "records are")+" in quarantine"))
	}
	return found
}

// Stands says that a shard stands still, in the relay's own words, which name
// the way out too. A kind that nobody has words for, or none, is a fork like any.
func Stands(shard int, kind, why string) Trouble {
	cause := Cause(kind)
	if _, known := next[cause]; !known {
		cause = Forked
	}
	return NewTrouble(cause, fmt.Sprintf("shard %d", shard), why)
}

// unheld names shards that nobody works on, though groups are in them.
func (r *Report) unheld() []Trouble {
	used := map[int]bool{}
	for _, g := range r.Groups {
		used[g.Shard] = used[g.Shard] || g.Living && g.Named
	}
	if !slices.ContainsFunc(r.Shards, func(s Shard) bool { return s.Living }) {
		return []Trouble{NewTrouble(Nobody, "", "nobody holds any shard, and nothing is read")}
	}
	var free, silent []string
	for _, s := range r.Shards {
		switch {
		case !used[s.Number] || s.Living:
		case s.Owner == nil:
			free = append(free, strconv.Itoa(s.Number))
		default:
			silent = append(silent, strconv.Itoa(s.Number))
		}
	}
	var found []Trouble
	for _, all := range []struct {
		shards []string
		what   string
	}{{free, "nobody holds it"}, {silent, "its owner is silent"}} {
		switch len(all.shards) {
		case 0:
		case 1:
			found = append(found, NewTrouble(Nobody, "shard "+all.shards[0], all.what+", and its groups are not read"))
		default:
			what := strings.NewReplacer("its owner is", "their owners are", "it", "them").Replace(all.what)
			found = append(found, NewTrouble(Nobody, "shards "+strings.Join(all.shards, ", "), what+", and their groups are not read"))
		}
	}
	return found
}

// unpublished counts what waits for Kafka for longer than a moment. Postgres
// does not know whether anybody is to publish.
func (r *Report) unpublished() []Trouble {
	var rows int64
	var since time.Time
	ever := false
	for _, s := range r.Shards {
		ever = ever || s.Published > 0
		if s.WaitingSince == nil || s.Stopped != nil || r.At.Sub(*s.WaitingSince) < publishWorth {
			continue
		}
		rows += s.Unpublished()
		if since.IsZero() || s.WaitingSince.Before(since) {
			since = *s.WaitingSince
		}
	}
	if rows == 0 {
		return nil
	}
	what := fmt.Sprintf("%s to be published, since %s UTC", plural(rows, "revision waits", "revisions wait"), since.Format("2006-01-02 15:04:05"))
	if !ever {
		what += "; none ever was, as it should be where ASLOGD_KAFKA_BROKERS is empty"
	}
	return []Trouble{NewTrouble(Unpublished, "", what)}
}

// ofSource looks at a source's budget, lag and gaps.
func (r *Report) ofSource(s Source) (found []Trouble) {
	where := "source " + s.Name
	if s.PausedUntil != nil {
		found = append(found, NewTrouble(Throttled, where, fmt.Sprintf("it is paused until %s UTC: the API answered that there are too many requests",
			s.PausedUntil.Format("15:04:05"))))
	}
	var last Group
	behind, closing, standing, unnamed := int64(0), int64(0), int64(0), int64(0)
	open := map[string]bool{}
	for _, g := range r.Groups {
		if g.Source != s.Name {
			continue
		}
		if g.Living && !g.Named {
			unnamed++
			continue
		}
		if lag := time.Duration(g.LagSeconds * float64(time.Second)); g.Living && lag > lagWorth {
			behind++
			if g.LagSeconds > last.LagSeconds {
				last = g
			}
		}
		for _, gap := range g.Gaps {
			switch {
			case forEver(gap.Reason):
			case gap.Closing:
				closing++
			case !r.works(g.Shard): // that was said, and comes first
			default:
				standing++
				open[label(g)] = true
			}
		}
	}
	if behind > 0 {
		found = append(found, NewTrouble(Lagging, where, fmt.Sprintf("%s behind, %s the furthest, by %s",
			plural(behind, "group is", "groups are"), label(last), Age(last.LagSeconds))))
	}
	if standing > 0 {
		names := slices.Sorted(maps.Keys(open))
		if len(names) > 3 {
			names = append(names[:3], fmt.Sprintf("and %d more", len(names)-3))
		}
		found = append(found, NewTrouble(GapsStand, where, fmt.Sprintf("%s can still close, and nothing is on its way: %s",
			plural(standing, "gap", "gaps"), strings.Join(names, ", "))))
	}
	if unnamed > 0 {
		found = append(found, NewTrouble(Unnamed, where, plural(unnamed, "group is", "groups are")+" not named in its GROUPS, and not read"))
	}
	if closing > 0 {
		found = append(found, NewTrouble(Backfilling, where, plural(closing, "gap waits", "gaps wait")+" for a backfill"))
	}
	return found
}

func label(g Group) string {
	if g.Name == nil {
		return g.ID
	}
	return *g.Name + " (" + g.ID + ")"
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Thousands(n) + " " + many
}
