package simulator_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"aslogd/internal/simulator"
)

// Many readers at once, over sockets, in a world that lives, drifts and shows
// records late. Whatever any of them was shown, the truth has, in that text.
func TestTruthHasAllThatWasShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{
		Groups: 3, ActionsPerGroup: 150, LiveRate: 5, Lasting: 10 * time.Second,
		Faults: simulator.Faults{Drift: 2, Late: 0.2, LateBy: 10 * time.Second, Odd: 0.1, ShuffleTies: true},
	})
	srv := serve(t, w.Simulator)
	var mu sync.Mutex
	shown := map[string]bool{} // hashes
	var readers sync.WaitGroup
	for _, g := range w.Truth().Groups {
		for range 2 {
			readers.Go(func() {
				for i := range 40 {
					w.clock.forward(500 * time.Millisecond)
					resp, err := srv.Client().Get(srv.URL + w.logPath(g.ID, "limit", "20", "start_number", fmt.Sprint(i%4*20)))
					if err != nil {
						t.Error(err)
						return
					}
					body, err := io.ReadAll(resp.Body)
					resp.Body.Close()
					var p page
					if err != nil || json.Unmarshal(body, &p) != nil {
						t.Errorf("%v %s", err, body)
						return
					}
					mu.Lock()
					for _, raw := range p.Raws {
						sum := sha256.Sum256(raw)
						shown[hex.EncodeToString(sum[:])] = true
					}
					mu.Unlock()
				}
			})
		}
	}
	readers.Wait()
	truth, err := simulator.FetchTruth(t.Context(), srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range truth.Groups {
		ids := map[string]bool{}
		for _, a := range g.Actions {
			if ids[a.ID] {
				t.Errorf("%s twice", a.ID)
			}
			ids[a.ID] = true
			for _, s := range a.States {
				sum := sha256.Sum256(s.Raw)
				if hex.EncodeToString(sum[:]) != s.Hash {
					t.Errorf("%s: the hash is not of the text", a.ID)
				}
				delete(shown, s.Hash)
			}
		}
	}
	if len(shown) != 0 {
		t.Errorf("%d texts were shown that the truth lacks", len(shown))
	}
}

func TestTruthOfOneGroupWithoutTexts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 3, ActionsPerGroup: 20})
	id := w.firstGroup()
	_, body := w.get("/truth?raw=false&group=" + id)
	var truth simulator.Truth
	if err := json.Unmarshal(body, &truth); err != nil {
		t.Fatal(err)
	}
	if len(truth.Groups) != 1 || len(truth.Groups[0].Actions) != 20 || len(truth.Groups[0].Actions[0].Last().Hash) != 64 {
		t.Fatalf("%s", body)
	}
	if strings.Contains(string(body), `"raw"`) {
		t.Fatal("texts, though none were asked for")
	}
}

func TestFetchTruthSaysWhatWentWrong(t *testing.T) {
	t.Parallel()
	if _, err := simulator.FetchTruth(t.Context(), serve(t, newWorld(t, simulator.Config{Groups: 1}).Simulator).URL+"/nowhere"); err == nil || !strings.Contains(err.Error(), "404") {
		t.Fatal(err)
	}
}

func TestNonsenseIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := simulator.New(simulator.Config{
		Auth:   simulator.Auth{Kind: "magic"},
		Faults: simulator.Faults{Late: 1.5, RetryAfter: "soon", OddKinds: []string{"funny"}, DeletedGroups: 1},
	})
	for _, part := range []string{"nothing to serve", "magic", "late", "soon", "funny", "deleted"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not named in: %v", part, err)
		}
	}
}

// The counts are what a budget is judged by.
func TestCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Config{Groups: 1})
	id := w.firstGroup()
	w.logs(id)
	w.get(w.logPath(id, "limit", "999"))
	_, body := w.get("/counts")
	var c simulator.Counts
	if err := json.Unmarshal(body, &c); err != nil || c != w.Counts() || c.Logs != 2 || c.Groups != 1 {
		t.Fatalf("%v %s", err, body)
	}
	if resp, _ := w.get("/healthz"); resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
}
