package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Moment is a time, or an age that is taken from now: 2026-01-31T00:00:00Z,
// 90d, 2160h. Zero means that none was given.
type Moment struct {
	At  time.Time
	Age time.Duration
}

// UnmarshalText reads one.
func (m *Moment) UnmarshalText(text []byte) error {
	s := string(text)
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		m.At = at.UTC()
		return nil
	}
	age, err := parseAge(s)
	if err != nil || age <= 0 {
		return fmt.Errorf("%q is neither a time like 2026-01-31T00:00:00Z nor an age like 90d", s)
	}
	m.Age = age
	return nil
}

// Time is the moment, seen from now; zero where none was given.
func (m Moment) Time(now time.Time) time.Time {
	if m.Age > 0 {
		return now.Add(-m.Age)
	}
	return m.At
}

// parseAge reads a duration, or a whole number of days such as 90d.
func parseAge(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 36500 {
			return 0, fmt.Errorf("%q is no number of days", s)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	return time.ParseDuration(s)
}

// A Retention is how long a topic keeps its records; -1 is for ever.
type Retention time.Duration

// UnmarshalText reads -1, or an age.
func (r *Retention) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "-1" {
		*r = -1
		return nil
	}
	age, err := parseAge(s)
	if err != nil || age < time.Hour {
		return fmt.Errorf("%q is neither -1 (for ever) nor an age of an hour or more, like 365d", s)
	}
	*r = Retention(age)
	return nil
}

// Bytes is an amount of memory.
type Bytes int64

// Longest first, so that MiB is not taken for B.
var byteUnits = []struct {
	suffix string
	size   int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9},
	{"Ki", 1 << 10}, {"Mi", 1 << 20}, {"Gi", 1 << 30}, {"B", 1}, {"", 1},
}

// UnmarshalText reads 256MiB, 1GB, or a number of bytes.
func (b *Bytes) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	for _, unit := range byteUnits {
		digits, ok := strings.CutSuffix(s, unit.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n <= 0 || n > (1<<50)/unit.size {
			break
		}
		*b = Bytes(n * unit.size)
		return nil
	}
	return fmt.Errorf("%q is no amount of memory such as 256MiB", s)
}
