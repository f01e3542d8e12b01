package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"aslogd/internal/simulator"
)

// The simulator as a newcomer starts it: it says where it is, serves the
// example there, and ends when told.
func TestSimulateServesWhereItSays(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	done := make(chan int, 1)
	go func() {
		code := run(ctx, []string{"simulate", "--addr", "127.0.0.1:0", "--example"}, nil, write, io.Discard)
		write.Close()
		done <- code
	}()
	var said strings.Builder
	settings := map[string]string{}
	lines := bufio.NewScanner(read)
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if name, value, ok := strings.Cut(lines.Text(), "="); ok {
			settings[name] = value
		}
		if strings.HasPrefix(lines.Text(), "ASLOGD_SOURCE_0_REQUESTS_PER_MINUTE") {
			break
		}
	}
	base := settings["ASLOGD_SOURCE_0_AS_URL"]
	if base == "" || settings["ASLOGD_SOURCE_0_AUTH"] != "none" {
		t.Fatalf("it said %q", said.String())
	}
	resp, err := http.Get(base + "/autoscaling-api/v2/" + settings["ASLOGD_SOURCE_0_PROJECT_ID"] +
		"/scaling_activity_log/" + simulator.ExampleGroup)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || string(body) != string(simulator.ExamplePage) {
		t.Fatalf("not the example (%v):\n%s", err, body)
	}
	truth, err := simulator.FetchTruth(ctx, base)
	if err != nil || len(truth.Groups) != 1 || len(truth.Groups[0].Actions) != 2 {
		t.Fatalf("truth %+v, %v", truth, err)
	}
	cancel()
	if code := <-done; code != exitDone {
		t.Fatalf("ended with %d", code)
	}
}

func TestSimulateRefusesNonsense(t *testing.T) {
	t.Parallel()
	var stderr strings.Builder
	code := run(t.Context(), []string{"simulate", "--late", "2", "--odd-kinds", "none"}, nil, io.Discard, &stderr)
	if code != exitUsage || !strings.Contains(stderr.String(), "late") || !strings.Contains(stderr.String(), "oddity") {
		t.Fatalf("code %d, said %q", code, stderr.String())
	}
}

// Whatever the simulator can be told has a flag: with every flag set, no field
// is left as it was.
func TestSimulateHasAFlagForEachFault(t *testing.T) {
	t.Parallel()
	var c simulateCmd
	set := reflect.ValueOf(&c).Elem()
	for i := range set.NumField() {
		switch f := set.Field(i); f.Interface().(type) {
		case string:
			f.SetString("x")
		case bool:
			f.SetBool(set.Type().Field(i).Name != "Example") // which turns others off
		case int, time.Duration:
			f.SetInt(1)
		case uint64:
			f.SetUint(1)
		case float64:
			f.SetFloat(1)
		case []string:
			f.Set(reflect.ValueOf([]string{"x"}))
		case *time.Time:
			f.Set(reflect.ValueOf(&time.Time{}))
		default:
			t.Fatalf("a flag of type %s", f.Type())
		}
	}
	config := c.config()
	for _, part := range []reflect.Value{reflect.ValueOf(config), reflect.ValueOf(config.Faults), reflect.ValueOf(config.Auth)} {
		for i := range part.NumField() {
			if name := part.Type().Field(i).Name; part.Field(i).IsZero() && name != "Now" && name != "Born" && name != "Example" {
				t.Errorf("%s.%s has no flag", part.Type(), name)
			}
		}
	}
}
