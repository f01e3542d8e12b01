package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// A Truth is what a perfect reader would hold at the moment At: one that had
// read every group at every instant from the world's birth on.
//
// It includes every action that the API has shown up to At, those that
// retention has hidden since and those of groups deleted since with them. It
// leaves out late actions that are not shown yet, and what would have happened
// in a group while it was deleted. An action that two groups list stands in
// both.
type Truth struct {
	At        time.Time    `json:"at"`
	Project   string       `json:"project"`
	OffsetCap int          `json:"-"` // the largest start_number that the API takes; 0: any
	Groups    []GroupTruth `json:"groups"`
}

// A GroupTruth is one group that exists at that moment or did before. Its
// actions are in the API's order: newest first, then by id.
type GroupTruth struct {
	ID      string        `json:"id"`
	Name    string        `json:"name"`
	Created time.Time     `json:"created"`
	Deleted *time.Time    `json:"deleted"` // null until it is deleted
	Back    *time.Time    `json:"back"`    // when it was listed again after that; null until then
	Actions []ActionTruth `json:"actions"`
}

// An ActionTruth is one action. Status and Type are as the API spells them, in
// the last state shown.
type ActionTruth struct {
	ID          string    `json:"id"` // what the log calls it, also where an odd record hides it
	Start       time.Time `json:"start_time"`
	Status      string    `json:"status"`
	Type        string    `json:"type"`
	Odd         string    `json:"odd,omitempty"`    // the oddity's name
	Field       string    `json:"field,omitempty"`  // the field that no reader can read: a row, and a note in quarantine
	Quarantined bool      `json:"quarantined"`      // no row can be made of it: the whole record belongs in quarantine
	Expired     bool      `json:"expired"`          // retention hides it now; a reader may have seen it before
	Expires     time.Time `json:"expires,omitzero"` // when retention hides it, or did; not after States[0].Since: nobody can have seen it
	States      []State   `json:"states"`           // oldest first; never empty
}

// Last is the state that the API shows now, or showed last.
func (a *ActionTruth) Last() State { return a.States[len(a.States)-1] }

// A State is one text that the API has shown of an action. A reader that polls
// slowly may rightly have missed all but the last. A history that had ended
// when the world was born has one state.
type State struct {
	Since time.Time `json:"since"`
	Hash  string    `json:"hash"` // SHA-256 of the text, hex
	Raw   Text      `json:"raw,omitempty"`
}

// Truth is what /truth answers, for a simulator in the same process.
func (s *Simulator) Truth() *Truth {
	t, groups := s.census("")
	for _, g := range groups {
		t.Groups = append(t.Groups, s.truthOf(g, t.At, true))
	}
	return t
}

// census takes the whole world down at one moment: copies of all groups, or of
// the one with that id, for rendering without the lock.
func (s *Simulator) census(only string) (*Truth, []*group) {
	now := s.cfg.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(now)
	var groups []*group
	for _, g := range s.groups {
		if g.created.After(now) || only != "" && g.id != only {
			continue
		}
		snap := *g
		snap.shown, snap.open = slices.Clone(g.shown), nil
		groups = append(groups, &snap)
	}
	return &Truth{At: now.UTC(), Project: s.cfg.Project, OffsetCap: s.cfg.Faults.OffsetCap, Groups: []GroupTruth{}}, groups
}

func (s *Simulator) truthOf(g *group, now time.Time, raw bool) GroupTruth {
	t := GroupTruth{ID: g.id, Name: g.name, Created: g.created.UTC(), Actions: make([]ActionTruth, 0, len(g.shown))}
	view, horizon := now, s.horizon(now)
	if !g.deleted.IsZero() && !now.Before(g.deleted) {
		at := g.deleted.UTC()
		t.Deleted = &at
		if g.returned(now) {
			back := g.back.UTC()
			t.Back = &back
		} else { // until its deletion, that is: the last whole second before it
			view = g.deleted.Add(-time.Nanosecond)
		}
	}
	for i := len(g.shown) - 1; i >= 0; i-- {
		e := &g.shown[i]
		a := ActionTruth{
			ID: e.id(), Start: time.Unix(e.start, 0).UTC(), Status: e.status(view.Unix()), Type: e.typeText(),
			Odd: e.odd.String(), Field: e.odd.field(), Quarantined: e.odd.untakeable(), Expired: e.start < horizon,
		}
		if s.cfg.Faults.Retention > 0 {
			a.Expires = s.expires(e.start)
		}
		// What the history showed before the world was born, nobody can have seen.
		first := max(e.shown, s.cfg.Born.UnixNano())
		since := time.Unix(0, first).UTC()
		a.States = append(a.States, g.state(e, since, since.Unix(), raw))
		ended := time.Unix(e.end, 0).UTC()
		if t.Back != nil && !g.exists(ended) && ended.After(g.deleted) {
			ended = *t.Back // nobody saw it end
		}
		if e.doing(since.Unix()) && !e.doing(view.Unix()) {
			a.States = append(a.States, g.state(e, ended, view.Unix(), raw))
		}
		t.Actions = append(t.Actions, a)
	}
	return t
}

func (g *group) state(e *event, since time.Time, view int64, raw bool) State {
	text := g.record(nil, e, view)
	sum := sha256.Sum256(text)
	st := State{Since: since, Hash: hex.EncodeToString(sum[:])}
	if raw {
		st.Raw = text
	}
	return st
}

// serveTruth writes a group at a time, for a world may be larger than memory
// as text. raw=false leaves the texts out (their hashes stay), group=ID asks
// for one group.
func (s *Simulator) serveTruth(w http.ResponseWriter, r *http.Request) {
	t, groups := s.census(r.URL.Query().Get("group"))
	w.Header().Set("Content-Type", "application/json")
	at, _ := json.Marshal(t.At)
	fmt.Fprintf(w, "{\"at\":%s,\"project\":%q,\"groups\":[", at, t.Project)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for i, g := range groups {
		if i > 0 {
			fmt.Fprint(w, ",")
		}
		if enc.Encode(s.truthOf(g, t.At, r.URL.Query().Get("raw") != "false")) != nil {
			return // the caller has gone
		}
	}
	fmt.Fprint(w, "]}\n")
}
