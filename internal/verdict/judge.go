package verdict

import (
	"bytes"
	"crypto/sha256"
	"time"

	"aslogd/internal/simulator"
	"aslogd/sink"
)

// Judge holds the evidence against the truth.
func (e *Evidence) Judge(truth *simulator.Truth) *Verdict {
	v := &Verdict{Revisions: len(e.Journal), Records: len(e.Records)}
	e.judgeChain(v)
	newest := e.judgeRevisions(v, truth)
	e.judgeActions(v, truth, newest)
	e.judgeTables(v, newest)
	if e.Topics {
		e.judgeTopic(v)
		e.judgeLatest(v, newest)
	}
	return v
}

// judgeChain recomputes the chain of every shard from its first row on.
func (e *Evidence) judgeChain(v *Verdict) {
	shard, seq, hash, at := -1, int64(0), []byte(nil), time.Time{}
	for i := range e.Journal {
		r := &e.Journal[i]
		if r.Shard != shard {
			shard, seq, hash, at = r.Shard, 0, make([]byte, sha256.Size), time.Time{}
		}
		seq++
		if r.Seq != seq {
			v.note(&v.Broken, "shard %d has seq %d in place %d", shard, r.Seq, seq)
		}
		if want := sink.ChainHash(hash, &r.Row); !bytes.Equal(want, r.ChainHash) {
			v.note(&v.Broken, "shard %d: the chain does not hold at seq %d", shard, r.Seq)
		}
		if r.RecordedAt.Before(at) {
			v.note(&v.Broken, "shard %d: recorded_at falls at seq %d", shard, r.Seq)
		}
		hash, at = r.ChainHash, r.RecordedAt
	}
}

// judgeRevisions asks of each revision whether the cloud showed that text, and
// after the one before. It returns the newest revision of each action.
func (e *Evidence) judgeRevisions(v *Verdict, truth *simulator.Truth) map[Key]*Revision {
	shown := map[Key][]simulator.State{}
	for _, g := range truth.Groups {
		for i := range g.Actions {
			shown[Key{g.ID, g.Actions[i].ID}] = g.Actions[i].States
		}
	}
	newest := map[Key]*Revision{}
	reached := map[Key]int{} // states of the truth that were passed
	for i := range e.Journal {
		r := &e.Journal[i]
		k := Key{r.GroupID, r.ActionID}
		before := int64(0)
		if n := newest[k]; n != nil {
			before = n.Revision
		}
		if r.Revision != before+1 {
			v.note(&v.Extra, "revision %d of %v follows revision %d", r.Revision, k, before)
		}
		newest[k] = r
		states, at := shown[k], -1
		for n := reached[k]; n < len(states) && at < 0; n++ {
			if bytes.Equal(states[n].Raw, r.Raw) {
				at = n
			}
		}
		if at < 0 {
			v.note(&v.Extra, "revision %d of %v is no state that the cloud showed then, or one that was stored before", r.Revision, k)
			continue
		}
		reached[k] = at + 1
	}
	return newest
}

// judgeActions asks of each action of the truth whether it is stored in the last
// state that was shown, and of each stored one whether it ever was.
func (e *Evidence) judgeActions(v *Verdict, truth *simulator.Truth, newest map[Key]*Revision) {
	known := map[Key]bool{}
	for _, g := range truth.Groups {
		for i := range g.Actions {
			a := &g.Actions[i]
			k := Key{g.ID, a.ID}
			known[k] = true
			if a.Quarantined {
				v.Unreadable++
				if !e.quarantined(g.ID, a) && !e.excused(truth, &g, a) {
					v.note(&v.Missing, "record %v, %s, started %s, is not in quarantine", k, a.Odd, a.Start.Format(time.RFC3339))
				}
				continue
			}
			v.Actions++
			switch r := newest[k]; {
			case r == nil && e.excused(truth, &g, a):
				v.InGap++
			case r == nil:
				v.note(&v.Missing, "action %v, started %s, is not stored", k, a.Start.Format(time.RFC3339))
			case !bytes.Equal(r.Raw, a.Last().Raw):
				v.note(&v.Wrong, "action %v, started %s, is not stored in its last state, %s", k, a.Start.Format(time.RFC3339), a.Status)
			}
		}
	}
	for k := range newest {
		if !known[k] {
			v.note(&v.Wrong, "action %v is stored, and never was", k)
		}
	}
}

func (e *Evidence) quarantined(group string, a *simulator.ActionTruth) bool {
	for _, s := range a.States {
		if e.Quarantine[group][sha256.Sum256(s.Raw)] {
			return true
		}
	}
	return false
}

// excused tells whether an honest gap says that the action is lost for ever, and
// the truth bears that out: retention has hidden it, its group was deleted, or
// its second is fuller than the API lets anyone page through. A gap that the
// truth does not bear out excuses nothing, else a daemon that gave up would be
// called good; and one that is only unproven is expected to close.
func (e *Evidence) excused(truth *simulator.Truth, g *simulator.GroupTruth, a *simulator.ActionTruth) bool {
	for _, gap := range e.Gaps[g.ID] {
		if a.Start.Before(gap.From) || !a.Start.Before(gap.To) {
			continue
		}
		switch gap.Reason {
		case "retention":
			if a.Expired {
				return true
			}
		case "gone":
			if g.Deleted != nil && a.Start.Before(*g.Deleted) {
				return true
			}
		case "offset_cap":
			if truth.OffsetCap > 0 && besides(g, a) > truth.OffsetCap {
				return true
			}
		}
	}
	return false
}

// besides is how many actions of the group start in that one's second.
func besides(g *simulator.GroupTruth, a *simulator.ActionTruth) (n int) {
	for i := range g.Actions {
		if g.Actions[i].Start.Equal(a.Start) {
			n++
		}
	}
	return n
}
