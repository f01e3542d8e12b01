package asapi

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"aslogd/ingest"
	"aslogd/ingest/action"
)

func parse(t *testing.T, body string) (*ingest.Page, error) {
	t.Helper()
	return parsePage(answer{asked: time.Date(2026, 3, 1, 10, 30, 0, 0, time.UTC), body: []byte(body)}, "g",
		ingest.Query{Start: 3, Limit: 100})
}

// The example of the interface's own description, byte for byte.
func TestSeedPage(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile("testdata/seed_page.json")
	if err != nil {
		t.Fatal(err)
	}
	page, err := parse(t, string(body))
	if err != nil {
		t.Fatal(err)
	}
	if page.Total != 2 || page.Start != 0 || page.Limit != 20 || len(page.Actions) != 2 || len(page.Rejects) != 0 {
		t.Fatalf("got %+v", page)
	}
	for _, a := range page.Actions {
		if !bytes.Contains(body, a.Raw) || a.Raw[0] != '{' || a.Raw[len(a.Raw)-1] != '}' {
			t.Errorf("raw of %s is not what was sent", a.ID)
		}
		if len(a.Faults) > 0 {
			t.Errorf("faults %v", a.Faults)
		}
	}
}

func TestTolerantPages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body          string
		total, start, limit int
		rows                int
	}{
		{"text numbers", `{"total_number":"7","start_number":"1","limit":"20","scaling_activity_log":[]}`, 7, 1, 20, 0},
		{"null list", `{"scaling_activity_log":null,"total_number":0}`, 0, 3, 100, 0},
		{"blank list", `{"scaling_activity_log":"","total_number":0}`, 0, 3, 100, 0},
		{"no list", `{"total_number":0}`, 0, 3, 100, 0},
		{"unknown fields", `{"page_info":{"next":[1,"}"]},"total_number":1,"scaling_activity_log":[ {"id":"a"} ]}`, 1, 3, 100, 1},
		{"byte order mark", "\ufeff" + `{"total_number":0}`, 0, 3, 100, 0},
		{"brackets in texts", `{"total_number":2,"scaling_activity_log":[{"id":"a","description":"}]\"\\"},{"id":"b{["}]}`, 2, 3, 100, 2},
		{"key twice", `{"total_number":1,"total_number":2,"scaling_activity_log":[]}`, 2, 3, 100, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			page, err := parse(t, c.body)
			if err != nil {
				t.Fatal(err)
			}
			if page.Total != c.total || page.Start != c.start || page.Limit != c.limit || page.Echoed != (c.limit != 100) || page.Rows() != c.rows || len(page.Rejects) != 0 {
				t.Errorf("got %+v", page)
			}
		})
	}
}

// One bad record is one bad record: the others of the page are taken.
func TestLaw07BadRecordsAreOneByOne(t *testing.T) {
	t.Parallel()
	bad := map[string]string{
		`{"status":"DOING"}`:                   action.NoID,
		"{\"id\":\"b\",\"x\":\"\xff\"}":        action.NotUTF8,
		"{\"id\":\"c\",\"x\":\"line\nbreak\"}": action.NotJSON,
		`{"id":"d","x":NaN}`:                   action.NotJSON,
		`"text"`:                               action.NotObject,
		`null`:                                 action.NotObject,
		`{"id":"f","x":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}`:     action.TooDeep,
		`{"id":"h","x":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`: action.TooDeep,
	}
	for raw, reason := range bad {
		page, err := parse(t, `{"total_number":3,"scaling_activity_log":[{"id":"before"}, `+raw+` ,{"id":"after"}]}`)
		if err != nil {
			t.Errorf("%.60s: %v", raw, err)
			continue
		}
		if len(page.Actions) != 2 || len(page.Rejects) != 1 {
			t.Errorf("%.60s: %d taken, %d rejected", raw, len(page.Actions), len(page.Rejects))
			continue
		}
		r, hash := page.Rejects[0], sha256.Sum256([]byte(raw))
		if r.Reason != reason || string(r.Raw) != raw || !bytes.Equal(r.RawHash, hash[:]) || r.Page || r.Detail == "" {
			t.Errorf("%.60s: rejected as %s, %s", raw, r.Reason, r.Detail)
		}
	}
}

func TestNoPages(t *testing.T) {
	t.Parallel()
	var hash []byte
	for _, body := range []string{
		"", " ", "<html></html>", "[]", "null", "{}", `{"total_number":null,"scaling_activity_log":[]}`,
		`{"scaling_activity_log":[]}`, `{"total_number":-1,"scaling_activity_log":[]}`, `{"total_number":1.5}`,
		`{"total_number":3}`, `{"total_number":1,"scaling_activity_log":{}}`, `{"total_number":1,"scaling_activity_log":[{"id":"a"}`,
		`{"total_number":0}{}`, `{"total_number":0,,}`, `{"total_number" 0}`, `{"total_number":1,"scaling_activity_log":[{"id":"a"} {"id":"b"}]}`,
	} {
		_, err := parse(t, body)
		var page *ingest.PageError
		if !errors.As(err, &page) {
			t.Errorf("%q: %v", body, err)
			continue
		}
		r := page.Reject
		if r.Reason != NotJSON || !r.Page || string(r.Raw) != body || r.Detail == "" {
			t.Errorf("%q: %+v", body, r)
		}
		if hash != nil && !bytes.Equal(hash, r.RawHash) {
			t.Error("two hashes within a group and hour")
		}
		hash = r.RawHash
	}
}

func TestGroupList(t *testing.T) {
	t.Parallel()
	body := `{"limit":20,"scaling_groups":[
	 {"networks":[{"id":"n"}],"scaling_group_name":"web","scaling_group_id":"g1","scaling_group_status":"INSERVICE",
	  "scaling_configuration_id":"c","current_instance_number":0,"desire_instance_number":"1","min_instance_number":null,
	  "max_instance_number":"many","is_scaling":true,"create_time":"2015-07-23T02:46:29Z"},
	 {"scaling_group_name":"no id"},
	 {"scaling_group_id":"g2"}],"total_number":3,"start_number":0}`
	var warned []error
	page, err := parseGroups(answer{body: []byte(body)}, func(err error) { warned = append(warned, err) })
	if err != nil {
		t.Fatal(err)
	}
	if page.Total != 3 || len(page.Groups) != 2 || len(warned) != 1 {
		t.Fatalf("got %+v, warned %v", page, warned)
	}
	g := page.Groups[0]
	if g.ID != "g1" || *g.Name != "web" || *g.Status != "INSERVICE" || *g.ConfigurationID != "c" || *g.Current != 0 ||
		*g.Desire != 1 || g.Min != nil || g.Max != nil || !*g.IsScaling || g.Created.Year() != 2015 || g.Raw[0] != '{' {
		t.Errorf("got %+v", g)
	}
	if g := page.Groups[1]; g.ID != "g2" || g.Name != nil || g.IsScaling != nil {
		t.Errorf("got %+v", g)
	}
}

// All that a page lacks is its total: what it shows is kept.
func TestAPageWithoutATotal(t *testing.T) {
	t.Parallel()
	for body, rows := range map[string]int{
		`{"scaling_activity_log":[{"id":"a"},{"status":"no id"},{"id":"b"}],"limit":100}`: 3,
		`{"scaling_activity_log":[],"limit":100}`:                                         0,
		`{"scaling_activity_log":[{"id":"a"},{"id":]}`:                                    0,
		`{"error":"later"}`: 0,
	} {
		_, err := parsePage(answer{body: []byte(body)}, "g", ingest.Query{})
		var part *ingest.PartError
		if !errors.Is(err, ingest.ErrNotJSON) || errors.As(err, &part) != (rows > 0) || part != nil && part.Page.Rows() != rows {
			t.Errorf("%s: %v", body, err)
		}
	}
}
