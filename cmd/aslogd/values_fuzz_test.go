package main

import (
	"math/big"
	"strings"
	"testing"
	"time"
)

// Whatever is written for an age, a time or an amount of memory: it is refused,
// or taken for what it says. A number so great that it wraps around would
// silently become another setting.
func FuzzValues(f *testing.F) {
	for _, s := range []string{
		"90d", "0d", "-1d", "36500d", "36501d", "-106752d", "-9223372036854775808d", "+7d", "d", "1h30m", "-1h", "2562047h47m16.854775807s", "9999999h",
		"2026-01-31T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59+23:59", "2026-01-31",
		"-1", "365d", "59m", "256MiB", "1GB", " 1 Ki ", "1073741824Ki", "1048576GiB", "9223372036854775807", "0", "-5MiB", "1KiBKiB", "",
	} {
		f.Add(s)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		if age, err := parseAge(text); err == nil {
			if digits, ok := strings.CutSuffix(text, "d"); ok {
				days, _ := new(big.Int).SetString(digits, 10)
				if days == nil || days.Mul(days, big.NewInt(int64(24*time.Hour))).Cmp(big.NewInt(int64(age))) != 0 {
					t.Fatalf("%q is %v", text, age)
				}
			}
		}
		var m Moment
		if m.UnmarshalText([]byte(text)) == nil {
			if at := m.Time(now); m.Age < 0 || m.Age > 0 && !at.Before(now) || m.Age == 0 && !at.Equal(m.At) {
				t.Fatalf("%q is %+v, %v", text, m, at)
			}
		}
		var r Retention
		if r.UnmarshalText([]byte(text)) == nil && r != -1 && time.Duration(r) < time.Hour {
			t.Fatalf("%q is %v", text, time.Duration(r))
		}
		var b Bytes
		if b.UnmarshalText([]byte(text)) == nil {
			digits := strings.TrimSpace(strings.TrimRight(text, "KMGiB \t\r\n\v\f\u0085\u00a0"))
			n, ok := new(big.Int).SetString(strings.TrimSpace(digits), 10)
			if !ok || b <= 0 || new(big.Int).Rem(big.NewInt(int64(b)), n).Sign() != 0 {
				t.Fatalf("%q is %d bytes", text, b)
			}
		}
	})
}
