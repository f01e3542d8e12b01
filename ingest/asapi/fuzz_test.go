package asapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"aslogd/ingest"
)

// Whatever an answer holds: it is a page or a *PageError; each item of a page
// becomes an action or a reject, none is dropped, and an action keeps its bytes;
// and a page that any JSON decoder would take is taken here.
func FuzzPage(f *testing.F) {
	f.Add([]byte(emptyPage))
	f.Add([]byte(`{"total_number":2,"scaling_activity_log":[{"id":"a","x":"\"}"},{"id":"b"}]}`))
	f.Add([]byte(`{"scaling_activity_log":[{"id":"a","x":NaN},{"id":"b","y":"` + "\x01" + `"}, 7],"limit":"20","total_number":"3"}`))
	f.Add([]byte("\ufeff" + `{"total_number":1,"total_number":0,"scaling_activity_log":null}`))
	f.Add([]byte(`<html><body>502 Bad Gateway</body></html>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := parsePage(answer{body: body}, "g", ingest.Query{})
		var sent struct {
			Total int               `json:"total_number"`
			Log   []json.RawMessage `json:"scaling_activity_log"`
		}
		plain := plainPage(body) && json.Unmarshal(body, &sent) == nil && sent.Total >= 0 && sent.Log != nil
		if err != nil {
			var pageErr *ingest.PageError
			if !errors.As(err, &pageErr) {
				t.Fatalf("got %v", err)
			}
			if plain {
				t.Fatalf("a page was refused: %v", err)
			}
			return
		}
		if plain && len(page.Actions)+len(page.Rejects) != len(sent.Log) {
			t.Fatalf("%d actions and %d rejects of %d records", len(page.Actions), len(page.Rejects), len(sent.Log))
		}
		for _, a := range page.Actions {
			if !bytes.Contains(body, a.Raw) {
				t.Fatalf("raw is not what was sent: %q", a.Raw)
			}
		}
	})
}

// plainPage reports whether a body is an object whose names stand there once
// and letter by letter, so that encoding/json can be asked what it says. (It
// takes names in any case, where the API has one.)
func plainPage(body []byte) bool {
	var members map[string]json.RawMessage
	return json.Unmarshal(body, &members) == nil && len(members) == 2 &&
		bytes.Count(body, []byte(`"total_number"`)) == 1 && bytes.Count(body, []byte(`"scaling_activity_log"`)) == 1
}

// What a gateway puts into Retry-After makes everyone wait, but never longer
// than the bound, and never for what lies behind.
func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, s := range []string{
		"", "0", "1", " 120 ", "-1", "+5", "1.5", "3600", "3601", "9223372036854775807", "-9223372036854775808", "-9223372036",
		"99999999999999999999", "0x10", "Sun, 01 Mar 2026 12:00:30 GMT", "Sunday, 01-Mar-26 12:00:30 GMT", "Sun Mar  1 12:00:30 2026",
		"Sun, 01 Mar 2026 11:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "soon",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		wait := retryAfter(text, now)
		if wait < 0 || wait > longestPause {
			t.Fatalf("%q asks for %v", text, wait)
		}
		if at, err := http.ParseTime(text); err == nil && at.Before(now) && wait != 0 {
			t.Fatalf("%q is over, and asks for %v", text, wait)
		}
		if len(text) > 1 && text[0] == '-' && wait != 0 {
			t.Fatalf("%q asks for %v", text, wait)
		}
		if digits := trimmedDigits(text); digits > 4 && wait != longestPause {
			t.Fatalf("%q asks for %v only", text, wait)
		}
	})
}

// trimmedDigits is how many digits text is, after leading zeros; 0 where it is
// anything else.
func trimmedDigits(text string) int {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return 0
		}
	}
	return len(bytes.TrimLeft([]byte(text), "0"))
}

// An answer that says no is an *Error that stays short, whatever its body says;
// and a group list that cannot be read is an error, never a panic.
func FuzzRefusal(f *testing.F) {
	for _, s := range []string{
		`{"error":{"code":"AS.2007","message":"The AS group does not exist."}}`,
		`{"error_code":"APIGW.0308","error_msg":"The throttling threshold has been reached","request_id":"r"}`,
		`{"error":{"code":401,"message":"The token is expired"}}`,
		`<html>`, `{"error":{"code":{"code":1}}}`, `{"error":"x","error":{}}`,
		`{"total_number":1,"scaling_groups":[{"scaling_group_id":"g","is_scaling":"true","create_time":"2026-01-01T00:00Z"}]}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		e := readError(&http.Response{StatusCode: 429, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader([]byte(body)))},
			"g", func(s string) string { return s })
		if len(e.Error()) > 600 || !e.weather() || e.noGroup() && e.Code != "AS.2007" && e.Code != "AS.4005" {
			t.Fatalf("got %q", e.Error())
		}
		if page, err := parseGroups(answer{body: []byte(body)}, func(error) {}); err == nil {
			for _, g := range page.Groups {
				if g.ID == "" {
					t.Fatalf("a group without an id in %q", body)
				}
			}
		}
	})
}
