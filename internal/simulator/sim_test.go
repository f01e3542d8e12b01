package simulator_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"aslogd/internal/simulator"
)

var born = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A clock is moved by hand.
type clock struct{ ns atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(0, c.ns.Load()).UTC() }
func (c *clock) forward(d time.Duration) { c.ns.Add(int64(d)) }

// A world is a simulator and a way to ask it.
type world struct {
	*simulator.Simulator
	t      testing.TB
	clock  *clock
	client *http.Client
}

func newWorld(t testing.TB, c simulator.Config) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{}}
	w.clock.ns.Store(born.UnixNano())
	c.Now = w.clock.Now
	s, err := simulator.New(c)
	if err != nil {
		t.Fatal(err)
	}
	w.Simulator, w.client = s, &http.Client{Transport: s.Transport()}
	return w
}

func (w *world) get(path string) (*http.Response, []byte) {
	w.t.Helper()
	resp, err := w.client.Get("http://as.test" + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatalf("read %s: %v", path, err)
	}
	return resp, body
}

func (w *world) logPath(group string, params ...string) string {
	v := url.Values{}
	for i := 0; i < len(params); i += 2 {
		v.Set(params[i], params[i+1])
	}
	return "/autoscaling-api/v2/" + w.Project() + "/scaling_activity_log/" + group + "?" + v.Encode()
}

type record struct {
	ID     string
	Start  time.Time  `json:"start_time"`
	End    *time.Time `json:"end_time"`
	Status string
	Type   string
	Raw    string `json:"-"`
}

type page struct {
	Limit   int
	Total   int               `json:"total_number"`
	Start   int               `json:"start_number"`
	Raws    []json.RawMessage `json:"scaling_activity_log"`
	Records []record          `json:"-"`
}

// logs asks for a page that must be one.
func (w *world) logs(group string, params ...string) page {
	w.t.Helper()
	resp, body := w.get(w.logPath(group, params...))
	if resp.StatusCode != http.StatusOK {
		w.t.Fatalf("%v: %s %s", params, resp.Status, body)
	}
	var p page
	if err := json.Unmarshal(body, &p); err != nil {
		w.t.Fatalf("%v\n%s", err, body)
	}
	for _, raw := range p.Raws {
		r := record{Raw: string(raw)}
		if err := json.Unmarshal(raw, &r); err != nil {
			w.t.Fatalf("%v\n%s", err, raw)
		}
		p.Records = append(p.Records, r)
	}
	return p
}

// walk reads all pages of a group in a world that stands still.
func (w *world) walk(group string, params ...string) []record {
	w.t.Helper()
	var all []record
	for {
		p := w.logs(group, append([]string{"limit", "100", "start_number", fmt.Sprint(len(all))}, params...)...)
		all = append(all, p.Records...)
		if len(p.Records) == 0 || len(all) >= p.Total {
			return all
		}
	}
}

func (w *world) group(i int) simulator.GroupTruth {
	w.t.Helper()
	truth := w.Truth()
	if i >= len(truth.Groups) {
		w.t.Fatalf("no group %d in a world of %d", i, len(truth.Groups))
	}
	return truth.Groups[i]
}

// firstGroup is the id of a group, without taking the truth of a large world.
func (w *world) firstGroup() string {
	w.t.Helper()
	_, body := w.get("/autoscaling-api/v1/" + w.Project() + "/scaling_group?limit=1")
	var list struct {
		Groups []struct {
			ID string `json:"scaling_group_id"`
		} `json:"scaling_groups"`
	}
	if err := json.Unmarshal(body, &list); err != nil || len(list.Groups) != 1 {
		w.t.Fatalf("%v %s", err, body)
	}
	return list.Groups[0].ID
}

// errorCode reads the code from either shape of refusal.
func errorCode(body []byte) string {
	var e struct {
		Error struct{ Code string }
		Code  string `json:"error_code"`
	}
	_ = json.Unmarshal(body, &e)
	if e.Code != "" {
		return e.Code
	}
	return e.Error.Code
}

func serve(t testing.TB, s *simulator.Simulator) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	return srv
}
