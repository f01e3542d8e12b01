package asapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"aslogd/ingest"
)

// How often one call is tried. What is no page is tried less often: it is more
// likely to be the same next time.
const (
	maxTries     = 5
	maxPageTries = 3
)

// A call is one thing to ask for, however often it takes.
type call struct {
	class ingest.Class
	due   time.Time // see ingest.Query
	group string    // "" for the group list
	path  []string
	query url.Values
}

// An answer is a body that came whole with status 200.
type answer struct {
	asked time.Time
	date  time.Time
	body  []byte
	room  *hold // that body was read into
}

// do tries a call until take has understood an answer, or what came back will
// not mend by asking again, or the tries are used up. Each try waits for a
// request of the budget of its own.
func (c *Client) do(ctx context.Context, call call, take func(answer) error) error {
	renewed, want := false, int64(firstHold)
	var short *noRoomError
	for try := 1; ; try++ {
		req, err := c.try(ctx, call, want, take)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &short):
			want = short.want // ask again with room for it
			if try < maxTries {
				continue
			}
		case status(err) == http.StatusUnauthorized && req != nil && !renewed:
			if renewed = true; c.cfg.Auth.Refused(req) {
				continue
			}
			return err
		}
		if try == 1 && unreachable(err) { // told at once: the tries take half a minute
			c.cfg.Warn(err)
		}
		if !weather(err) || try >= maxTries || errors.Is(err, ingest.ErrNotJSON) && try >= maxPageTries {
			if try > 1 {
				return fmt.Errorf("%w (after %d tries)", err, try)
			}
			return err
		}
		pause := backoff(try)
		if e := (*Error)(nil); errors.As(err, &e) && e.RetryAfter > 0 {
			if c.cfg.Budget != nil && !e.login {
				// The budget holds the next try back, and everyone else's.
				c.cfg.Budget.Pause(ctx, time.Now().Add(e.RetryAfter))
				continue
			}
			pause = e.RetryAfter
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// try sends one request. The request is returned once it was authorized.
func (c *Client) try(ctx context.Context, call call, hold int64, take func(answer) error) (*http.Request, error) {
	held, err := c.admit(ctx, call, hold)
	if err != nil {
		return nil, err
	}
	defer held.release()
	ctx, cancel := context.WithTimeout(ctx, 2*requestTimeout) // a login may come first
	defer cancel()
	req, err := c.request(ctx, call)
	if err != nil {
		return nil, err
	}
	if err := c.cfg.Auth.Authorize(ctx, req); err != nil {
		return nil, err
	}
	asked := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		c.cfg.Metrics.answered(c.cfg.Source, call.class, "error")
		return req, &networkError{text: c.cfg.Auth.Redact(err.Error()), err: err}
	}
	defer resp.Body.Close()
	c.cfg.Metrics.answered(c.cfg.Source, call.class, strconv.Itoa(resp.StatusCode))
	if resp.StatusCode != http.StatusUnauthorized {
		c.cfg.Auth.Accepted(req)
	}
	if resp.StatusCode != http.StatusOK {
		return req, readError(resp, call.group, c.cfg.Auth.Redact)
	}
	a := answer{asked: asked, date: asked, room: held}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		a.date = date.UTC()
	}
	a.body, err = held.read(resp.Body, resp.ContentLength)
	switch {
	case errors.As(err, new(*noRoomError)):
		return req, err
	case errors.Is(err, errTooLarge):
		return req, notPage(TooLarge, err.Error(), call.group, asked, a.body)
	case err != nil:
		return req, &networkError{text: "read the answer: " + err.Error(), err: err}
	}
	return req, take(a)
}

func (c *Client) request(ctx context.Context, call call) (*http.Request, error) {
	u := *c.base
	escaped := make([]string, 0, len(call.path))
	for _, part := range call.path {
		escaped = append(escaped, url.PathEscape(part))
	}
	u.Path = "/" + strings.Join(call.path, "/")
	u.RawPath = "/" + strings.Join(escaped, "/")
	u.RawQuery = call.query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "aslogd")
	return req, nil
}

// backoff is how long to wait after the given try: anything from nothing to a
// bound that doubles, so that many who failed together do not come back
// together.
func backoff(try int) time.Duration {
	bound := min(500*time.Millisecond<<try, 20*time.Second)
	return rand.N(bound)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// drain reads the rest of a short body, so that its connection can be used
// again.
func drain(body io.Reader) { _, _ = io.CopyN(io.Discard, body, 64<<10) }
