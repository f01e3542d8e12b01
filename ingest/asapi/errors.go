package asapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"aslogd/ingest"
	"aslogd/ingest/action"
)

// An Error is an answer that says no, from the service or the gateway before
// it. It never holds a secret.
type Error struct {
	Status     int
	Code       string // AS.2007, APIGW.0308, …; "" where the body named none
	Message    string
	RequestID  string
	RetryAfter time.Duration // 0 where the answer did not say

	login bool // IAM answered, not AS
	group bool // it was a group's log that was asked for
}

func (e *Error) Error() string {
	b := &strings.Builder{}
	from := "AS"
	if e.login {
		from = "IAM"
	}
	fmt.Fprintf(b, "%s answered %d", from, e.Status)
	if e.Code != "" {
		b.WriteString(" " + e.Code)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.RequestID != "" {
		b.WriteString(" (request " + e.RequestID + ")")
	}
	return b.String()
}

// Is makes errors.Is work with ingest.ErrNoGroup and ingest.ErrRefused. Codes
// count more than statuses: a missing group is a 400.
func (e *Error) Is(target error) bool {
	switch target {
	case ingest.ErrNoGroup:
		return e.noGroup()
	case ingest.ErrOffset:
		return e.Code == "AS.9003" && !e.login && !e.weather()
	case ingest.ErrRefused:
		return !e.noGroup() && !e.weather()
	}
	return false
}

func (e *Error) noGroup() bool {
	if !e.group || e.login {
		return false
	}
	switch e.Code {
	case "AS.2007", "AS.4005":
		return true
	case "AS.0007", "APIG.0101": // not this group is missing, but the whole interface
		return false
	}
	return e.Status == http.StatusNotFound
}

// weather reports whether asking again may well be answered otherwise.
func (e *Error) weather() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusTooEarly:
		return true
	}
	return e.Status >= 500 && e.Status != http.StatusNotImplemented || e.Code == "APIGW.0308"
}

// A networkError is a request that got no whole answer.
type networkError struct {
	text string
	err  error
}

func (e *networkError) Error() string { return e.text }
func (e *networkError) Unwrap() error { return e.err }

// unreachable reports whether nobody was there to send the request to. A request
// that got lost on its way is not told of before its tries are used up.
func unreachable(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}

func weather(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		return e.weather()
	}
	var page *ingest.PageError
	if errors.As(err, &page) {
		return page.Reject.Reason != TooLarge
	}
	var part *ingest.PartError
	var network *networkError
	return errors.As(err, &part) || errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded)
}

func status(err error) int {
	var e *Error
	if errors.As(err, &e) && !e.login {
		return e.Status
	}
	return 0
}

// readError reads an answer that is not 200. Both bodies are known: the
// service's {"error":{"code","message"}} and the gateway's {"error_code",
// "error_msg","request_id"}; IAM's code is a number.
func readError(resp *http.Response, group string, redact func(string) string) *Error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	drain(resp.Body)
	now := time.Now()
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		now = date // a date to come back at is by the clock of whoever says it
	}
	e := &Error{
		Status:     resp.StatusCode,
		RequestID:  resp.Header.Get("X-Request-Id"),
		RetryAfter: retryAfter(resp.Header.Get("Retry-After"), now),
		group:      group != "",
	}
	fields := map[string]*string{
		"error_code": &e.Code, "error_msg": &e.Message, "request_id": &e.RequestID,
		"code": &e.Code, "message": &e.Message,
	}
	fill := func(name string, value []byte) error {
		if to := fields[name]; to != nil {
			if text, err := action.Text(value); err == nil && text != nil {
				*to = *text
			}
		}
		return nil
	}
	// A body that is neither, HTML say, leaves the fields as they are.
	_ = members(body, func(name string, value []byte) error {
		if name == "error" {
			return members(value, fill)
		}
		return fill(name, value)
	})
	e.Code, e.Message, e.RequestID = short(redact(e.Code), 40), short(redact(e.Message), 300), short(redact(e.RequestID), 80)
	return e
}

func short(text string, most int) string {
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// longestPause bounds what an answer can make everyone wait.
const longestPause = time.Hour

// retryAfter reads the header in both its forms, seconds and a date; 0 where
// it is absent or makes no sense.
func retryAfter(text string, now time.Time) time.Duration {
	text = strings.TrimSpace(text)
	// A number beyond what an int holds is the nearest one that it does.
	if seconds, err := strconv.Atoi(text); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(max(seconds, 0), int(longestPause/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), longestPause)
	}
	return 0
}
