package simulator_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"aslogd/internal/simulator"
)

// Whatever stands in a query, the interface answers with a page that fits what
// was asked, or says what is wrong with a 400: it never fails.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{
		"", "limit=0", "limit=100&start_number=3", "limit=101", "limit=-1", "limit=%31", "limit=1&limit=x", "start_number=2147483648", "start_number=32768",
		"start_time=2026-02-01T00:00:00Z&end_time=2026-03-01T00:00:00Z", "start_time=2026-03-01T00:00:00Z&end_time=2026-02-01T00:00:00Z",
		"start_time=0000-01-01T00:00:00Z", "end_time=9999-12-31T23:59:59Z", "start_time=", "end_time=2026-02-30T00:00:00Z", "end_time=2026-03-01T00%3A00%3A00Z",
		"log_id=44152cf2-a005-4507-b6e9-66a2a64eff52", "log_id=x", "type=NORMAL,MANNUAL_ADD", "type=MANUAL_ADD", "type=,", "status=DOING", "status=doing", "%zz", "a;b", "&&=&=",
	} {
		f.Add(s, uint8(0))
		f.Add(s, uint8(0xff))
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var worlds [16]http.Handler
	var group, project string
	for i := range worlds {
		sim, err := simulator.New(simulator.Config{
			Groups: 1, ActionsPerGroup: 40, Now: func() time.Time { return now },
			Faults: simulator.Faults{
				OpenEdges: i&1 > 0, ShuffleTies: i&2 > 0, OffsetCap: 30 * (i & 4 / 4), ClampLimit: 7 * (i & 8 / 8),
			},
		})
		if err != nil {
			f.Fatal(err)
		}
		worlds[i], project = sim.Handler(), sim.Project()
		group = sim.Truth().Groups[0].ID
	}
	f.Fuzz(func(t *testing.T, query string, world uint8) {
		r := httptest.NewRequest(http.MethodGet, "/autoscaling-api/v2/"+project+"/scaling_activity_log/"+group, nil)
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		worlds[world%16].ServeHTTP(w, r)
		switch w.Code {
		case http.StatusBadRequest:
			if errorCode(w.Body.Bytes()) == "" {
				t.Fatalf("%q: a refusal without a code: %s", query, w.Body)
			}
		case http.StatusOK:
			var page struct {
				Total int              `json:"total_number"`
				Start int              `json:"start_number"`
				Limit int              `json:"limit"`
				Log   []map[string]any `json:"scaling_activity_log"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
				t.Fatalf("%q: %v", query, err)
			}
			if n := len(page.Log); page.Limit > 100 || n > page.Limit || n > max(0, page.Total-page.Start) || n == 0 && page.Limit > 0 && page.Start < page.Total {
				t.Fatalf("%q: %d rows of %d from %d with limit %d", query, n, page.Total, page.Start, page.Limit)
			}
			values, _ := url.ParseQuery(query)
			for _, row := range page.Log {
				start, _ := row["start_time"].(string)
				if values.Has("start_time") && start < values.Get("start_time") || values.Has("end_time") && start > values.Get("end_time") {
					t.Fatalf("%q: a row that starts at %s", query, start)
				}
			}
		default:
			t.Fatalf("%q: %d %s", query, w.Code, w.Body)
		}
	})
}
