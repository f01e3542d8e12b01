package verdict

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"aslogd/ingest/action"
	"aslogd/internal/simulator"
	"aslogd/sink"
)

// Every way in which a run can go wrong is seen, and counted as what it is.
func TestJudgeSeesEveryDamage(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		damage func(e *Evidence)
		want   func(v *Verdict) bool
	}{
		{"nothing", func(*Evidence) {}, (*Verdict).Good},
		{"an action is not stored", func(e *Evidence) { e.drop(len(e.Journal) - 1) }, func(v *Verdict) bool { return v.Missing == 1 && v.Wrong+v.Extra+v.Repeated+v.Broken == 0 }},
		{"a gap is only unproven yet", func(e *Evidence) {
			r := e.Journal[len(e.Journal)-1]
			e.drop(len(e.Journal) - 1)
			e.Gaps[r.GroupID] = []Gap{{*r.StartTime, r.StartTime.Add(time.Second), "unproven"}}
		}, func(v *Verdict) bool { return v.Missing == 1 && v.InGap == 0 }},
		{"the last state is not stored", func(e *Evidence) { e.drop(e.last("changed")) }, func(v *Verdict) bool { return v.Wrong == 1 && v.Extra == 0 && v.Missing == 0 }},
		{"a revision stands twice", func(e *Evidence) { e.again(len(e.Journal) - 1) }, func(v *Verdict) bool { return v.Extra == 1 && v.Missing == 0 }},
		{"a text was never shown", func(e *Evidence) {
			e.rewrite(len(e.Journal)-1, func(r *sink.Row) { r.Raw = bytes.Replace(r.Raw, []byte("SUCCESS"), []byte("DOING"), 1) })
		}, func(v *Verdict) bool { return v.Extra == 1 && v.Wrong == 1 }},
		{"an action never was", func(e *Evidence) { e.rewrite(len(e.Journal)-1, func(r *sink.Row) { r.ActionID = "none" }) },
			func(v *Verdict) bool { return v.Missing == 1 && v.Wrong == 1 && v.Extra == 1 }},
		{"the chain is broken", func(e *Evidence) { e.Journal[3].ContentHash = []byte{1} }, func(v *Verdict) bool { return v.Broken == 1 && v.Missing+v.Wrong+v.Extra == 0 }},
		{"recorded_at falls", func(e *Evidence) {
			e.rewrite(len(e.Journal)-1, func(r *sink.Row) { r.RecordedAt = r.RecordedAt.Add(-time.Hour) })
		},
			func(v *Verdict) bool { return v.Broken == 1 }},
		{"seq has a hole", func(e *Evidence) { e.rewrite(len(e.Journal)-1, func(r *sink.Row) { r.Seq++ }) }, func(v *Verdict) bool { return v.Broken == 1 }},
		{"a row is an older revision", func(e *Evidence) {
			r := e.Journal[len(e.Journal)-1]
			p := e.Actions[Key{r.GroupID, r.ActionID}]
			p.Typed = "older"
			e.Actions[Key{r.GroupID, r.ActionID}] = p
		}, func(v *Verdict) bool { return v.Wrong == 1 }},
		{"a row has lost a child", func(e *Evidence) {
			k, p := e.some()
			p.Children = "[[],[],[]]"
			e.Actions[k] = p
		}, func(v *Verdict) bool { return v.Wrong == 1 }},
		{"a child says something else", func(e *Evidence) {
			k, p := e.some()
			p.Children = strings.Replace(p.Children, "null", "7", 1)
			e.Actions[k] = p
		}, func(v *Verdict) bool { return v.Wrong == 1 }},
		{"a row has another description", func(e *Evidence) {
			k, p := e.some()
			p.Description = nil
			e.Actions[k] = p
		}, func(v *Verdict) bool { return v.Wrong == 1 }},
		{"a row is in no journal", func(e *Evidence) { e.Actions[Key{"g", "a"}] = Present{Seq: 1} }, func(v *Verdict) bool { return v.Wrong == 1 }},
		{"an unreadable record is not in quarantine", func(e *Evidence) { clear(e.Quarantine) }, func(v *Verdict) bool { return v.Missing == v.Unreadable }},
		{"a record is not published", func(e *Evidence) { e.Records = e.Records[:len(e.Records)-1] }, func(v *Verdict) bool { return v.Missing == 1 && v.Repeated == 0 }},
		{"a record is published twice", func(e *Evidence) { e.Records = append(e.Records, e.Records[len(e.Records)-1]) }, func(v *Verdict) bool { return v.Repeated == 1 && v.Missing == 0 }},
		{"records are out of order", func(e *Evidence) { e.Records[0], e.Records[1] = e.Records[1], e.Records[0] }, func(v *Verdict) bool { return v.Repeated > 0 }},
		{"the compacted topic lacks an action", func(e *Evidence) { e.Latest = e.Latest[:len(e.Latest)-1] }, func(v *Verdict) bool { return v.Missing == 1 && v.Wrong == 0 }},
		{"the compacted topic ends with an older revision", func(e *Evidence) {
			i := e.last("changed")
			e.Latest = append(e.Latest[:i], e.Latest[i+1:]...)
		}, func(v *Verdict) bool { return v.Wrong == 1 && v.Missing == 0 }},
		{"the compacted topic holds a record twice", func(e *Evidence) { e.Latest = append(e.Latest, e.Latest[len(e.Latest)-1]) }, func(v *Verdict) bool { return v.Repeated == 1 }},
		{"a record's raw text has another byte", func(e *Evidence) { e.Records[3].Value.raw[0]++ }, func(v *Verdict) bool { return v.Wrong == 1 && v.Repeated == 0 }},
		{"a record leaves a small raw text out", func(e *Evidence) {
			e.Records[3].Value.raw, e.Records[3].Value.cut = [32]byte{}, true
		}, func(v *Verdict) bool { return v.Wrong == 1 && v.Repeated == 0 }},
		{"a record's value says something else", func(e *Evidence) {
			e.Records[3].Value.says = e.Records[2].Value.says
		}, func(v *Verdict) bool { return v.Wrong == 1 }},
		{"a record has another key", func(e *Evidence) { e.Records[3].Key = "g" }, func(v *Verdict) bool { return v.Wrong == 1 }},
		{"a record has another timestamp", func(e *Evidence) { e.Records[3].Millis++ }, func(v *Verdict) bool { return v.Wrong == 1 }},
		{"a record of the compacted topic has another raw text", func(e *Evidence) { e.Latest[len(e.Latest)-1].Value.raw[0]++ }, func(v *Verdict) bool { return v.Wrong == 1 }},
		{"a record is of another row", func(e *Evidence) { e.Records[len(e.Records)-1].Chain = "00" }, func(v *Verdict) bool { return v.Repeated == 1 && v.Missing == 1 }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			truth := someTruth(t)
			e := perfect(t, truth)
			tc.damage(e)
			if v := e.Judge(truth); !tc.want(v) {
				t.Errorf("%+v", *v)
			}
		})
	}
}

// someTruth is two groups whose last actions were seen to run and to end.
func someTruth(t *testing.T) *simulator.Truth {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s, err := simulator.New(simulator.Config{Seed: 8, Groups: 2, ActionsPerGroup: 40, Days: 2, LiveRate: 1, Lasting: 4 * time.Second,
		Now: func() time.Time { return now }, Faults: simulator.Faults{Odd: 0.2}})
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(20 * time.Second)
	s.Rest()
	now = now.Add(time.Minute)
	return s.Truth()
}

// perfect is what a perfect reader with one shard leaves behind.
func perfect(t *testing.T, truth *simulator.Truth) *Evidence {
	e := &Evidence{Actions: map[Key]Present{}, Quarantine: map[string]map[[32]byte]bool{}, Gaps: map[string][]Gap{}, Topics: true}
	for _, g := range truth.Groups {
		e.Quarantine[g.ID] = map[[32]byte]bool{}
		for i := range g.Actions {
			a := &g.Actions[i]
			for n, s := range a.States {
				if a.Quarantined {
					e.Quarantine[g.ID][sha256.Sum256(s.Raw)] = true
					continue
				}
				r := sink.Row{GroupID: g.ID, ActionID: a.ID, Revision: int64(n + 1), Change: "new", Raw: s.Raw, RecordedAt: truth.At, StartTime: &a.Start}
				if n > 0 {
					r.Change = "changed"
				}
				e.Journal = append(e.Journal, Revision{Row: r, Typed: fmt.Sprint(a.ID, n)})
			}
		}
	}
	e.settle(t)
	return e
}

// settle numbers and links the journal and makes tables and topic follow it.
func (e *Evidence) settle(t *testing.T) {
	hash := make([]byte, 32)
	e.Records, e.Latest, e.Actions = nil, nil, map[Key]Present{}
	for i := range e.Journal {
		r := &e.Journal[i]
		r.Seq, r.ChainHash = int64(i+1), nil
		r.ChainHash = sink.ChainHash(hash, &r.Row)
		hash = r.ChainHash
		e.follow(t, r)
	}
}

func (e *Evidence) follow(t *testing.T, r *Revision) {
	a, err := action.Parse(r.Raw)
	if err != nil && t != nil {
		t.Fatal(err)
	}
	e.Actions[Key{r.GroupID, r.ActionID}] = Present{r.Shard, r.Seq, r.Typed, a.Description, children(a)}
	text, err := sink.Value(&r.Row, 1<<20)
	if err != nil && t != nil {
		t.Fatal(err)
	}
	record := Record{
		Partition: r.Shard, Seq: fmt.Sprint(r.Seq), Chain: fmt.Sprintf("%x", r.ChainHash),
		ID:     fmt.Sprintf("%s/%s/%d", r.GroupID, r.ActionID, r.Revision),
		Millis: r.RecordedAt.UnixMilli(), Value: valueOf(text),
	}
	latest := record
	record.Key, latest.Key = r.GroupID, r.GroupID+"/"+r.ActionID
	e.Records, e.Latest = append(e.Records, record), append(e.Latest, latest)
}

func (e *Evidence) drop(i int) {
	e.Journal = append(e.Journal[:i], e.Journal[i+1:]...)
	e.settle(nil)
}

func (e *Evidence) again(i int) {
	r := e.Journal[i]
	r.Revision++
	e.Journal = append(e.Journal, r)
	e.settle(nil)
}

func (e *Evidence) rewrite(i int, change func(r *sink.Row)) {
	r := &e.Journal[i]
	delete(e.Actions, Key{r.GroupID, r.ActionID})
	e.Records, e.Latest = e.Records[:i], e.Latest[:i]
	change(&r.Row)
	r.ChainHash = sink.ChainHash(e.Journal[i-1].ChainHash, &r.Row)
	e.follow(nil, r)
}

// some is an action with rows below it and a description.
func (e *Evidence) some() (Key, Present) {
	for k, p := range e.Actions {
		if p.Description != nil && strings.Contains(p.Children, "null") {
			return k, p
		}
	}
	panic("no action has rows below it")
}

// last is the newest journal row of that kind.
func (e *Evidence) last(change string) int {
	for i := len(e.Journal) - 1; ; i-- {
		if e.Journal[i].Change == change {
			return i
		}
	}
}
