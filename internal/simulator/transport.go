package simulator

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
)

// Transport answers requests in the calling goroutine, without a socket, for
// tests that live in a bubble of fake time. A dropped connection shows as a
// body that ends in io.ErrUnexpectedEOF, as it does over a socket.
func (s *Simulator) Transport() http.RoundTripper { return transport{s.Handler()} }

type transport struct{ h http.Handler }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()
	rec := &recording{header: http.Header{}, status: http.StatusOK}
	cut := t.run(rec, in)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	body := io.Reader(&rec.body)
	if cut {
		body = io.MultiReader(body, broken{})
	}
	length, err := strconv.ParseInt(rec.header.Get("Content-Length"), 10, 64)
	if err != nil {
		length = -1
	}
	return &http.Response{
		Status: strconv.Itoa(rec.status) + " " + http.StatusText(rec.status), StatusCode: rec.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: rec.header, Body: io.NopCloser(body), ContentLength: length, Request: r,
	}, nil
}

// run serves the request and reports whether the connection was cut.
func (t transport) run(w http.ResponseWriter, r *http.Request) (cut bool) {
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			cut = true
		} else if p != nil {
			panic(p)
		}
	}()
	t.h.ServeHTTP(w, r)
	return false
}

type recording struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recording) Header() http.Header         { return r.header }
func (r *recording) WriteHeader(status int)      { r.status = status }
func (r *recording) Write(b []byte) (int, error) { return r.body.Write(b) }

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
