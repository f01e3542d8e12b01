package asapi

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"aslogd/ingest"
	"aslogd/ingest/action"
)

// The reasons of a *ingest.PageError.
const (
	NotJSON  = "not_json"       // HTML, half a JSON, a JSON that is no page
	TooLarge = "page_too_large" // more than 32 MiB; a smaller limit may be answered
)

// maxRaw is how much of an unreadable text is kept.
const maxRaw = 1_000_000

// errNoTotal says that an answer is no page for want of this alone.
var errNoTotal = errors.New("total_number is missing")

// parsePage reads a page of a group's log. Fields may stand in any order and
// numbers may be strings. The error is a *ingest.PageError, or a *ingest.PartError
// where all that is missing is the total.
func parsePage(a answer, group string, q ingest.Query) (*ingest.Page, error) {
	page := &ingest.Page{Asked: a.asked, Date: a.date, Start: q.Start, Limit: -1}
	var records []byte
	total, err := envelope(a.body, "scaling_activity_log", &records, &page.Start, &page.Limit)
	if page.Echoed = page.Limit >= 0; !page.Echoed {
		page.Limit = q.Limit
	}
	if err == nil {
		page.Total = total
		err = items(records, func(raw []byte) error {
			// The slice must end where the record does: it will be kept.
			take(page, raw[:len(raw):len(raw)])
			return nil
		})
	}
	if errors.Is(err, errNoTotal) && len(records) > 0 && items(records, func(raw []byte) error {
		take(page, raw[:len(raw):len(raw)])
		return nil
	}) == nil && page.Rows() > 0 {
		return nil, &ingest.PartError{Page: page, Detail: err.Error()}
	}
	if err != nil {
		return nil, notPage(NotJSON, err.Error(), group, a.asked, a.body)
	}
	return page, nil
}

// pollTakes is about what waits with a page until that is stored, whatever its size:
// the stack of the poll that read it, and what its commit is made of.
const pollTakes = 16 << 10

// pageRoom is about what a page takes: records keep the text that they came in,
// and their normal form is about as large.
func pageRoom(a answer, page *ingest.Page) int64 {
	if page.Rows() == 0 {
		return 0
	}
	return pollTakes + int64(cap(a.body)+len(a.body)) + int64(page.Rows())<<10
}

// envelope reads what surrounds a list: the total, which makes it a page, the
// echoed offset and limit where they are there, and the list's text.
func envelope(body []byte, list string, records *[]byte, start, limit *int) (total int, err error) {
	total = -1
	found := false
	read := func(name string, value []byte, to *int) error {
		v, err := action.Integer(value)
		if err != nil || v == nil || *v < 0 || int64(int(*v)) != *v {
			return fmt.Errorf("%s is %s", name, short(string(value), 40))
		}
		*to = int(*v)
		return nil
	}
	err = members(bytes.TrimPrefix(body, []byte("\ufeff")), func(name string, value []byte) error {
		switch name {
		case "total_number":
			return read(name, value, &total)
		case "start_number":
			return read(name, value, start)
		case "limit":
			return read(name, value, limit)
		case list:
			found, *records = true, value
		}
		return nil
	})
	switch text := string(*records); {
	case err != nil:
		return 0, err
	case total < 0:
		return 0, errNoTotal
	case !found && total > 0:
		return 0, fmt.Errorf("%s is missing", list)
	case !found, text == "null", text == `""`:
		*records = []byte("[]")
	}
	return total, nil
}

// take adds one record to the page: as an action, or for quarantine.
func take(page *ingest.Page, raw []byte) {
	a, err := action.Parse(raw)
	if err == nil {
		page.Actions = append(page.Actions, a)
		return
	}
	hash := sha256.Sum256(raw)
	reject := ingest.Reject{Reason: action.NotJSON, Detail: err.Error(), Raw: cut(raw), RawHash: hash[:]}
	var refused *action.Refused
	if errors.As(err, &refused) {
		reject.ActionID, reject.Reason, reject.Detail = refused.ID, refused.Reason, refused.Detail
	}
	page.Rejects = append(page.Rejects, reject)
}

// notPage makes what goes to quarantine for an answer that is no page: one row
// a group and hour, whatever the answers say.
func notPage(reason, detail, group string, at time.Time, body []byte) *ingest.PageError {
	hash := sha256.Sum256([]byte(group + " " + at.UTC().Format("2006-01-02T15")))
	return &ingest.PageError{Reject: ingest.Reject{
		Reason: reason, Detail: detail, Raw: cut(body), RawHash: hash[:], Page: true,
	}}
}

// cut is a copy, so that what is kept of a large text does not keep the rest.
func cut(raw []byte) []byte { return bytes.Clone(raw[:min(len(raw), maxRaw)]) }
