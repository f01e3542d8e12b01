package main

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// jumps are how far the clock is off, one after the other, in seconds. A cell
// ends while it is right again, and so behind what it once said.
var jumps = []string{"+600", "-600", "+0"}

func clockProcess(ctx context.Context, c *cell, window time.Duration) error {
	for _, by := range jumps {
		c.progress(ctx)
		if err := turn(c.clock, by); err != nil {
			return err
		}
		sleep(ctx, window/3)
		off, err := c.running()[0].off(ctx)
		if err != nil {
			return err
		}
		c.moved("the daemon", by, off)
	}
	return nil
}

func clockPostgres(ctx context.Context, c *cell, window time.Duration) error {
	for _, by := range jumps {
		c.progress(ctx)
		if err := turn(c.ground.clock, by); err != nil {
			return err
		}
		sleep(ctx, window/3)
		off, err := c.number(ctx, "SELECT round(extract(epoch FROM clock_timestamp()) - $1::double precision)::bigint", float64(time.Now().UnixMicro())/1e6)
		if err != nil {
			return err
		}
		c.moved("Postgres", by, off)
	}
	return nil
}

// moved notes a jump that was seen, or that it was not.
func (c *cell) moved(who, by string, off int64) {
	want := map[string]int64{"+600": 600, "-600": -600}[by]
	if off < want-2 || off > want+2 {
		c.problem("the clock of %s was off by %d s, not by %s", who, off, by)
		return
	}
	c.hitIf(want != 0)
}

var served = regexp.MustCompile(`"http":"([^"]+)"`)

// off is how many seconds the daemon's clock is ahead, by the date of its answers.
func (d *daemon) off(ctx context.Context) (int64, error) {
	log, err := os.ReadFile(d.log)
	if err != nil {
		return 0, fmt.Errorf("read where %s listens: %w", d.name, err)
	}
	at := served.FindSubmatch(log)
	if at == nil {
		return 0, fmt.Errorf("%s does not say where it listens", d.name)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+string(at[1])+"/healthz", nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, fmt.Errorf("ask %s what time it is: %w", d.name, err)
	}
	defer response.Body.Close()
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return 0, fmt.Errorf("ask %s what time it is: %w", d.name, err)
	}
	return int64(math.Round(time.Until(date).Seconds())), nil
}

// turn writes what a clock is moved by. It is there whole or not at all.
func turn(file, by string) error {
	fresh := file + ".fresh"
	if err := os.WriteFile(fresh, []byte(by+"\n"), 0o644); err != nil {
		return fmt.Errorf("turn the clock: %w", err)
	}
	return os.Rename(fresh, file)
}

// faketime has a process, and its children, ask a file what time it is.
func faketime(file string) []string {
	return []string{
		"LD_PRELOAD=" + faketimeLibrary(), "FAKETIME_TIMESTAMP_FILE=" + file, "FAKETIME_NO_CACHE=1",
		"DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
	}
}

// faketimeLibrary is where libfaketime lies; empty: nowhere.
func faketimeLibrary() string {
	for _, pattern := range []string{
		"/usr/lib/*/faketime/libfaketime.so.1", // Debian
		"/usr/lib*/faketime/libfaketime.so.1",  // Red Hat, Arch, Alpine
		"/usr/local/lib/faketime/libfaketime.so.1",
	} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[0]
		}
	}
	return ""
}

func noFaketime() string {
	if faketimeLibrary() == "" {
		return "needs libfaketime"
	}
	return ""
}
