package simulator_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"aslogd/internal/simulator"
)

type groupEntry struct {
	ID        string `json:"scaling_group_id"`
	IsScaling bool   `json:"is_scaling"`
	Current   int    `json:"current_instance_number"`
	Desire    int    `json:"desire_instance_number"`
	Created   string `json:"create_time"`
}

func (w *world) list(params string) (groups []groupEntry, total int) {
	w.t.Helper()
	resp, body := w.get("/autoscaling-api/v1/" + w.Project() + "/scaling_group?" + params)
	var p struct {
		Groups []groupEntry `json:"scaling_groups"`
		Total  int          `json:"total_number"`
	}
	if err := json.Unmarshal(body, &p); err != nil || resp.StatusCode != 200 {
		w.t.Fatalf("%s %v %s", resp.Status, err, body)
	}
	return p.Groups, p.Total
}

// Every live action is seen to begin and to end, the group list shows it while
// it runs, and the truth tells both states with the bytes that were served.
func TestLiveActionsBeginAndEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 2, ActionsPerGroup: 3, LiveRate: 0.2, Lasting: 20 * time.Second})
	seen := map[string][]string{}
	scaling := false
	for range 60 {
		w.clock.forward(3 * time.Second)
		groups, _ := w.list("")
		for _, g := range groups {
			doing := false
			for _, r := range w.logs(g.ID, "limit", "100").Records {
				if s := seen[r.ID]; len(s) == 0 || s[len(s)-1] != r.Raw {
					seen[r.ID] = append(s, r.Raw)
				}
				if (r.Status == "DOING") != (r.End == nil) {
					t.Fatalf("status and end disagree: %s", r.Raw)
				}
				doing = doing || r.Status == "DOING"
			}
			if doing != g.IsScaling {
				t.Fatalf("is_scaling %v, but an action runs: %v", g.IsScaling, doing)
			}
			if !doing && g.Current != g.Desire {
				t.Fatalf("at rest with %d of %d instances", g.Current, g.Desire)
			}
			scaling = scaling || doing
		}
	}
	if !scaling {
		t.Fatal("nothing ever ran")
	}
	two := 0
	for _, g := range w.Truth().Groups {
		for _, a := range g.Actions {
			var raws []string
			for _, s := range a.States {
				raws = append(raws, string(s.Raw))
			}
			if len(raws) == 2 {
				two++
			}
			if !slices.Equal(seen[a.ID], raws) {
				t.Fatalf("%s\nseen  %q\ntruth %q", a.ID, seen[a.ID], raws)
			}
			delete(seen, a.ID)
		}
	}
	if len(seen) != 0 || two < 10 {
		t.Fatalf("%d actions seen that the truth lacks, %d with two states", len(seen), two)
	}
}

func TestLateActionsComeLateIntoTheirPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 1, LiveRate: 1, Faults: simulator.Faults{Late: 0.5, LateBy: time.Minute}})
	id := w.firstGroup()
	known := map[string]bool{}
	late := 0
	for range 30 {
		w.clock.forward(4 * time.Second)
		for _, r := range w.walk(id) {
			if !known[r.ID] && w.clock.Now().Sub(r.Start) > 5*time.Second {
				late++
			}
			known[r.ID] = true
		}
	}
	if late < 20 || len(known) < 90 || len(known) >= 120 {
		t.Fatalf("%d of %d came late; some of 120 must still be hidden", late, len(known))
	}
	sameAsTruth(t, w.group(0), w.walk(id))
}

func TestStuckActionsStayOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 1, LiveRate: 0.5, Faults: simulator.Faults{Stuck: 1, StuckFor: time.Hour}})
	id := w.firstGroup()
	w.clock.forward(59 * time.Minute)
	if p := w.logs(id, "status", "DOING"); p.Total < 1000 || p.Total != w.logs(id).Total {
		t.Fatalf("%d open", p.Total)
	}
	if p := w.logs(id, "status", "SUCCESS"); p.Total != 0 {
		t.Fatalf("%d ended", p.Total)
	}
}

// The head moves between pages, so that a reader who advances by offset alone
// meets a row twice; the truth has every row that moved it.
func TestDriftMovesTheHeadBetweenPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 1, ActionsPerGroup: 50, Faults: simulator.Faults{Drift: 1}})
	id := w.firstGroup()
	first := w.logs(id, "limit", "10")
	second := w.logs(id, "limit", "10", "start_number", "10")
	if second.Total != first.Total+1 || second.Records[0].ID != first.Records[9].ID {
		t.Fatalf("total %d then %d", first.Total, second.Total)
	}
	if again := w.logs(id, "limit", "10"); again.Total != second.Total {
		t.Fatal("a first page must not move the head")
	}
	if g := w.group(0); len(g.Actions) != second.Total {
		t.Fatalf("truth has %d, want %d", len(g.Actions), second.Total)
	}
}

func TestGroupsComeAndGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{
		Groups: 3, ActionsPerGroup: 5, NewGroups: 2, NewGroupsWithin: time.Minute, LiveRate: 1,
		Faults: simulator.Faults{DeletedGroups: 1, DeletedAfter: 90 * time.Second, Late: 0.5},
	})
	before, total := w.list("limit=2")
	if total != 3 || len(before) != 2 {
		t.Fatalf("%d groups of %d", len(before), total)
	}
	rest, _ := w.list("limit=2&start_number=2")
	doomed := rest[0].ID
	w.clock.forward(80 * time.Second)
	if _, total = w.list(""); total != 5 {
		t.Fatalf("%d groups, want the two new ones too", total)
	}
	w.clock.forward(10*time.Second - time.Millisecond)
	var last simulator.GroupTruth
	for _, g := range w.Truth().Groups {
		if g.ID == doomed {
			last = g
		}
	}
	sameAsTruth(t, last, w.walk(doomed))
	w.clock.forward(time.Hour)
	if _, total = w.list(""); total != 4 {
		t.Fatalf("%d groups, want one gone", total)
	}
	if resp, body := w.get(w.logPath(doomed)); resp.StatusCode != 400 || errorCode(body) != "AS.2007" {
		t.Fatalf("deleted group: %s %s", resp.Status, body)
	}
	for _, g := range w.Truth().Groups {
		if (g.Deleted != nil) != (g.ID == doomed) {
			t.Errorf("group %s deleted %v", g.ID, g.Deleted)
		}
		if g.ID != doomed {
			continue
		}
		// Nothing comes or ends in a group that is no more.
		if !reflect.DeepEqual(g.Actions, last.Actions) {
			t.Errorf("%d actions, %d at its end, or in another state", len(g.Actions), len(last.Actions))
		}
	}
	for _, bad := range []string{"limit=101", "limit=x"} {
		if resp, body := w.get("/autoscaling-api/v1/" + w.Project() + "/scaling_group?" + bad); errorCode(body) != "AS.9004" {
			t.Errorf("%s: %s %s", bad, resp.Status, body)
		}
	}
}

func TestFirstActionStartsWithItsGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 4, ActionsPerGroup: 9, FirstAction: true})
	for _, g := range w.Truth().Groups {
		if first := g.Actions[len(g.Actions)-1]; !first.Start.Equal(g.Created) || len(g.Actions) != 9 {
			t.Errorf("created %v, first action %v", g.Created, first.Start)
		}
	}
}

// Instances are the same ones when they come and when they go.
func TestInstancesThatLeaveHaveCome(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 1, ActionsPerGroup: 300})
	type instance struct {
		ID string `json:"instance_id"`
	}
	there := map[string]bool{}
	all := w.walk(w.firstGroup())
	slices.Reverse(all)
	for _, r := range all {
		var lists struct {
			Added   []instance `json:"instance_added_list"`
			Deleted []instance `json:"instance_deleted_list"`
			Removed []instance `json:"instance_removed_list"`
			Before  int        `json:"instance_value"`
		}
		if err := json.Unmarshal([]byte(r.Raw), &lists); err != nil {
			t.Fatal(err)
		}
		if lists.Before != len(there) {
			t.Fatalf("%d instances, but instance_value %d: %s", len(there), lists.Before, r.Raw)
		}
		for _, i := range lists.Added {
			there[i.ID] = true
		}
		for _, i := range slices.Concat(lists.Deleted, lists.Removed) {
			if !there[i.ID] {
				t.Fatalf("%s leaves, but never came", i.ID)
			}
			delete(there, i.ID)
		}
	}
	if !strings.Contains(fmt.Sprint(all), "failed_reason") {
		t.Error("no failure in 300 actions")
	}
}
