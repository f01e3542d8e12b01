// Package asapi asks the Auto Scaling API of one project in one region. It
// waits for the source's budget, signs, retries what is weather, bounds what it
// reads, and keeps every record's text as it was sent.
package asapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"aslogd/ingest"
)

// An Authenticator proves to the API who asks.
type Authenticator interface {
	// Authorize adds the proof to a request that is about to be sent.
	Authorize(ctx context.Context, req *http.Request) error
	// Accepted is told of a request that was answered with anything but 401.
	Accepted(req *http.Request)
	// Refused is told of a request that was answered with 401, and says
	// whether another try can have another proof.
	Refused(req *http.Request) bool
	// Redact takes out of a text whatever must not be shown to anyone.
	Redact(text string) string
}

// A Config is what a Client needs. Source, URL, Project and Auth must be set.
type Config struct {
	Source    string // name of the source, for metrics and errors
	URL       string // scheme and host, no path
	Project   string
	Auth      Authenticator
	Budget    *Budget           // nil: requests do not wait
	Memory    *Memory           // nil: answers in flight are bounded one by one only
	Metrics   *Metrics          // nil: nothing is counted
	Warn      func(error)       // told what an operator should see; nil: nobody is
	Transport http.RoundTripper // nil: NewTransport()
}

// A Client is one source. It is safe for use by many goroutines.
type Client struct {
	cfg  Config
	base *url.URL
	http *http.Client
}

var _ ingest.API = (*Client)(nil)

// Close closes the connections that no request is using.
func (c *Client) Close() {
	c.http.CloseIdleConnections()
	if p, ok := c.cfg.Auth.(*Password); ok {
		p.http.CloseIdleConnections()
	}
}

// New makes a client. An error names a setting that cannot be right; nothing is
// sent.
func New(cfg Config) (*Client, error) {
	base, err := parseEndpoint(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("AS URL of source %s: %w", cfg.Source, err)
	}
	if cfg.Project == "" {
		return nil, fmt.Errorf("source %s has no project id", cfg.Source)
	}
	if cfg.Auth == nil {
		return nil, fmt.Errorf("source %s has no authenticator", cfg.Source)
	}
	if cfg.Transport == nil {
		cfg.Transport = NewTransport()
	}
	if cfg.Warn == nil {
		cfg.Warn = func(error) {}
	}
	return &Client{cfg: cfg, base: base, http: newHTTPClient(cfg.Transport)}, nil
}

func parseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("not a URL")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, errors.New("needs a scheme (https://) and a host")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.User != nil:
		return nil, errors.New("takes a scheme and a host, nothing more")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// requestTimeout bounds one request from its first byte to the answer's last.
const requestTimeout = 30 * time.Second

// NewTransport is the transport that a client uses unless it is given another:
// bounded at every step, gzip as net/http does it, proxies from the environment.
func NewTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 20 * time.Second,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   32,
		ForceAttemptHTTP2:     true,
	}
}

// newHTTPClient follows no redirects: net/http would carry the token along to
// whatever host it is sent to.
func newHTTPClient(rt http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     rt,
		Timeout:       requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Actions asks for one page of a group's actions.
func (c *Client) Actions(ctx context.Context, class ingest.Class, group string, q ingest.Query) (*ingest.Page, error) {
	values := url.Values{}
	setTime(values, "start_time", q.From)
	setTime(values, "end_time", q.To)
	if q.LogID != "" {
		values.Set("log_id", q.LogID)
	}
	if q.Open {
		values.Set("status", "DOING")
	}
	values.Set("start_number", strconv.Itoa(q.Start))
	values.Set("limit", strconv.Itoa(q.Limit))
	call := call{class: class, due: q.Due, group: group, query: values,
		path: []string{"autoscaling-api", "v2", c.cfg.Project, "scaling_activity_log", group}}
	var page *ingest.Page
	err := c.do(ctx, call, func(a answer) (err error) {
		if page, err = parsePage(a, group, q); err == nil {
			page.Free, err = a.room.keep(pageRoom(a, page))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list actions of group %s: %w", group, err)
	}
	return page, nil
}

// Groups asks for one page of the group list.
func (c *Client) Groups(ctx context.Context, class ingest.Class, start, limit int) (*ingest.GroupPage, error) {
	values := url.Values{}
	values.Set("start_number", strconv.Itoa(start))
	values.Set("limit", strconv.Itoa(limit))
	call := call{class: class, query: values,
		path: []string{"autoscaling-api", "v1", c.cfg.Project, "scaling_group"}}
	var page *ingest.GroupPage
	err := c.do(ctx, call, func(a answer) (err error) {
		page, err = parseGroups(a, c.cfg.Warn)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list groups of source %s: %w", c.cfg.Source, err)
	}
	return page, nil
}

func setTime(values url.Values, name string, t time.Time) {
	if !t.IsZero() {
		values.Set(name, t.UTC().Format("2006-01-02T15:04:05Z"))
	}
}
