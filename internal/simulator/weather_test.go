package simulator_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/internal/simulator"
)

// ask makes n requests for the log and tells what came.
func (w *world) ask(n int, each func(resp *http.Response, body []byte, err error)) {
	w.t.Helper()
	path := w.logPath(w.firstGroup(), "limit", "5")
	for range n {
		resp, err := w.client.Get("http://as.test" + path)
		if err != nil {
			w.t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		each(resp, body, err)
	}
}

// calm is a world whose group list must answer, so its faults begin later.
func calm(t *testing.T, f simulator.Faults) *world {
	t.Helper()
	return newWorld(t, simulator.Config{Seed: 1, Groups: 1, ActionsPerGroup: 10, Faults: f})
}

func TestThrottlingAtAShare(t *testing.T) {
	t.Parallel()
	w := calm(t, simulator.Faults{Throttle: 0.3})
	count, forms := 0, map[string]int{}
	w.ask(200, func(resp *http.Response, body []byte, _ error) {
		if resp.StatusCode != http.StatusTooManyRequests {
			return
		}
		count++
		if errorCode(body) != "APIGW.0308" {
			t.Fatalf("%s", body)
		}
		after := resp.Header.Get("Retry-After")
		_, notNumber := strconv.Atoi(after)
		_, notDate := http.ParseTime(after)
		switch {
		case after == "":
			forms["none"]++
		case notNumber == nil:
			forms["seconds"]++
		case notDate == nil:
			forms["date"]++
		}
	})
	if count < 40 || count > 80 || len(forms) != 3 || w.Counts().Refused != count {
		t.Fatalf("%d of 200 refused (%d counted), Retry-After %v", count, w.Counts().Refused, forms)
	}
}

func TestLimitPerMinute(t *testing.T) {
	t.Parallel()
	w := calm(t, simulator.Faults{PerMinute: 40, RetryAfter: "seconds"})
	w.clock.forward(15 * time.Second)
	served := 1 // firstGroup asks the group list, which counts too
	w.ask(60, func(resp *http.Response, _ []byte, _ error) {
		if resp.StatusCode == http.StatusOK {
			served++
		} else if resp.Header.Get("Retry-After") != "45" {
			t.Fatalf("Retry-After %q, the minute ends in 45 s", resp.Header.Get("Retry-After"))
		}
	})
	if served != 40 {
		t.Fatalf("%d served", served)
	}
	w.clock.forward(45 * time.Second)
	if p := w.logs(w.firstGroup()); p.Total != 10 {
		t.Fatal("the next minute is free again")
	}
}

func TestServerErrorsComeInThreeShapes(t *testing.T) {
	t.Parallel()
	w := calm(t, simulator.Faults{ServerError: 0.3})
	shapes := map[string]int{}
	w.ask(200, func(resp *http.Response, body []byte, _ error) {
		if resp.StatusCode >= 500 {
			shapes[fmt.Sprint(resp.StatusCode, errorCode(body), resp.Header.Get("Content-Type") == "text/html")]++
		}
	})
	if n := shapes["500AS.0001false"] + shapes["500APIGW.0601false"] + shapes["502true"]; n != w.Counts().Failed {
		t.Errorf("%d failed, %d counted", n, w.Counts().Failed)
	}
	if len(shapes) != 3 || shapes["500AS.0001false"] == 0 || shapes["502true"] == 0 {
		t.Fatalf("%v", shapes)
	}
}

func TestGarbageIsNoPageWithStatus200(t *testing.T) {
	t.Parallel()
	w := calm(t, simulator.Faults{Garbage: 0.3})
	html, half := 0, 0
	w.ask(100, func(resp *http.Response, body []byte, _ error) {
		switch {
		case resp.StatusCode != 200:
			t.Fatal(resp.Status)
		case bytes.HasPrefix(body, []byte("<html>")):
			html++
		case !json.Valid(body):
			half++
		}
	})
	if n := w.Counts().Spoilt; n != html+half {
		t.Errorf("%d spoilt, %d counted", html+half, n)
	}
	if html == 0 || half == 0 || html+half > 60 {
		t.Fatalf("%d HTML, %d halves of 100", html, half)
	}
}

// The connection breaks in the middle of the body, in process as over a socket.
func TestDroppedConnections(t *testing.T) {
	t.Parallel()
	w := calm(t, simulator.Faults{Drop: 0.3})
	for name, client := range map[string]*http.Client{"in process": w.client, "socket": serve(t, w.Simulator).Client()} {
		base := "http://as.test"
		if name == "socket" {
			base = serve(t, w.Simulator).URL
		}
		broken := 0
		for range 50 {
			resp, err := client.Get(base + w.logPath(simulator.ExampleGroup))
			if err != nil {
				t.Fatal(name, err)
			}
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
			if errors.Is(err, io.ErrUnexpectedEOF) {
				broken++
			} else if err != nil {
				t.Fatal(name, err)
			}
		}
		if broken < 5 || broken > 30 {
			t.Errorf("%s: %d of 50 broken", name, broken)
		}
	}
}

func TestSlowAnswersCostTimeAndNothingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := calm(t, simulator.Faults{Slow: 0.5, SlowFor: 7 * time.Second})
		begin := time.Now()
		w.ask(40, func(resp *http.Response, _ []byte, err error) {
			if resp.StatusCode != 200 || err != nil {
				t.Fatal(resp.Status, err)
			}
		})
		took := time.Since(begin)
		if took%(7*time.Second) != 0 || took < 70*time.Second || took > 210*time.Second {
			t.Fatalf("40 answers took %v", took)
		}
	})
}

func TestSameFaultsInTheSamePlaces(t *testing.T) {
	t.Parallel()
	run := func(f simulator.Faults) (codes []int) {
		w := calm(t, f)
		w.ask(100, func(resp *http.Response, _ []byte, _ error) { codes = append(codes, resp.StatusCode) })
		return codes
	}
	f := simulator.Faults{Throttle: 0.2, ServerError: 0.2}
	if !slices.Equal(run(f), run(f)) {
		t.Fatal("two runs of one seed differ")
	}
}
