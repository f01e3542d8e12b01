package simulator

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// DefaultProject is the project id that a simulator answers for when its
// Config names none.
const DefaultProject = "5b0a1c9e2d7f4e63a8c4f1d20e9b7a36"

// Config says what world to make and how badly to behave. The zero value of a
// field gives the default that its comment names; Groups or Example must be
// set, an empty world is refused.
type Config struct {
	Seed uint64           // same seed, same Born: same world
	Now  func() time.Time // the clock (time.Now)
	Born time.Time        // where the history ends and live actions begin (Now at New)

	Project         string        // (DefaultProject)
	Groups          int           // groups that exist from before Born
	NewGroups       int           // groups that are created after Born
	NewGroupsWithin time.Duration // the last of NewGroups is created this long after Born (1m)
	ActionsPerGroup int           // actions of each group's history
	Days            int           // the history lies within so many days before Born (30)
	FirstAction     bool          // a group's first action starts in the second of its creation
	LiveRate        float64       // live actions a second, over all groups
	Active          int           // live actions start in so many groups alone, the first ones (all)
	LiveFor         time.Duration // no live action starts later than this after Born (no end)
	Lasting         time.Duration // how long an action takes, typically; from a quarter to twice of it (40s)
	Prerender       bool          // makes the texts of the history at New, and keeps them
	Example         bool          // adds the group of the vendor's own example, ExampleGroup

	// The first group can be busier than the others, at a moment seen from Born:
	// before it in its history, after it live.
	Burst    int           // so many of its actions start in one second
	BurstAt  time.Duration // which second (0: the one in which live actions begin)
	Dense    int           // so many of its actions start within DenseFor
	DenseAt  time.Duration // from then on (-DenseFor: they end at Born)
	DenseFor time.Duration // (6h)

	Skew time.Duration // how far this server's clock, Date and stamps are ahead of Now

	Auth   Auth
	Faults Faults
}

// How a caller must show who it is.
const (
	AuthNone     = "none"     // everybody is let in
	AuthPassword = "password" // X-Auth-Token, got from POST /v3/auth/tokens
	AuthAKSK     = "aksk"     // a request signed with SDK-HMAC-SHA256
	AuthBoth     = "both"     // either
)

// Auth is who is let in. An empty Username or Domain lets any pass.
type Auth struct {
	Kind      string // AuthNone, AuthPassword, AuthAKSK or AuthBoth (AuthNone)
	Domain    string
	Username  string
	Password  string
	TokenLife time.Duration // how long a token is good for (24h)
	AccessKey string
	SecretKey string
}

// Faults is what goes wrong. A share is between 0 and 1. Which record or
// request is hit follows from the seed and the record, or from the seed and
// the number of the request, so the same run goes wrong in the same places.
type Faults struct {
	Late       float64       // share of live actions that are shown late
	LateBy     time.Duration // at most so long after their start (90s)
	LatePast   float64       // share of the history that is not shown yet at Born
	LatePastBy time.Duration // at most so long after Born (24h)
	Stuck      float64       // share of live actions that stay DOING for StuckFor
	StuckFor   time.Duration // (1h)
	Misspell   float64       // share of MANUAL_* types written MANNUAL_*
	Odd        float64       // share of records with an odd payload
	OddKinds   []string      // which oddities, by name; see Oddities (all)

	Drift       int           // before every n-th request past a first page, a new action starts in that group
	ShuffleTies bool          // actions of one second come in another order at each request
	ClampLimit  int           // a limit above this is taken for this, and echoed as this
	OffsetCap   int           // a start_number above this answers 400 AS.9003
	OpenEdges   bool          // start_time and end_time are exclusive
	FilterEnds  bool          // start_time and end_time are compared with when an action ended; an open one passes any start_time and no end_time
	HideOpen    bool          // an end_time hides what has not ended, whatever it is compared with
	Ascending   bool          // oldest first
	LagTotal    time.Duration // total_number is that of so long ago
	LagRequests int           // total_number is that at the group's n-th request before
	DriftClosed int           // before every n-th request past a first page with both times, an action that started between them is shown late
	Twice       float64       // share of actions that the next group lists too, under the same id

	Retention      time.Duration // actions that started longer ago vanish
	RetentionSpeed float64       // of the history so many seconds vanish in one, until all of it has (1)

	DeletedGroups int           // so many groups are deleted
	DeletedAfter  time.Duration // so long after Born
	ReturnAfter   time.Duration // and listed again so long after that (never)

	Throttle    float64       // share of requests that answer 429
	PerMinute   int           // more requests than this within a minute of the clock answer 429
	RetryAfter  string        // none, seconds, date or mixed: what a 429 says (mixed)
	ServerError float64       // share of requests that answer 500 in one of three shapes, one of them HTML
	Garbage     float64       // share of requests that answer 200 with HTML or with half a page
	Drop        float64       // share of answers whose connection breaks in the middle of the body
	Slow        float64       // share of requests that are answered after SlowFor
	SlowFor     time.Duration // (5s)
	SlowGroups  int           // every request for one of the first so many groups is answered after SlowFor
	FailGroups  int           // every request for one of the next so many groups answers 500 or 502
	ExpireEvery int           // every n-th request with a token finds that token dead before its time
}

func (c Config) withDefaults() (Config, error) {
	c.Now = orElse(c.Now == nil, time.Now, c.Now)
	if now := c.Now; c.Skew != 0 {
		c.Now = func() time.Time { return now().Add(c.Skew) }
	}
	c.Born = orElse(c.Born.IsZero(), c.Now(), c.Born).UTC()
	c.Project = orElse(c.Project == "", DefaultProject, c.Project)
	c.NewGroupsWithin = orElse(c.NewGroupsWithin == 0, time.Minute, c.NewGroupsWithin)
	c.Days = orElse(c.Days == 0, 30, c.Days)
	c.Lasting = orElse(c.Lasting == 0, 40*time.Second, c.Lasting)
	c.DenseFor = orElse(c.DenseFor == 0, 6*time.Hour, c.DenseFor)
	c.DenseAt = orElse(c.DenseAt == 0, -c.DenseFor, c.DenseAt)
	c.Auth.Kind = orElse(c.Auth.Kind == "", AuthNone, c.Auth.Kind)
	c.Auth.TokenLife = orElse(c.Auth.TokenLife == 0, 24*time.Hour, c.Auth.TokenLife)
	f := &c.Faults
	f.LateBy = orElse(f.LateBy == 0, 90*time.Second, f.LateBy)
	f.LatePastBy = orElse(f.LatePastBy == 0, 24*time.Hour, f.LatePastBy)
	f.RetentionSpeed = orElse(f.RetentionSpeed == 0, 1, f.RetentionSpeed)
	f.StuckFor = orElse(f.StuckFor == 0, time.Hour, f.StuckFor)
	f.SlowFor = orElse(f.SlowFor == 0, 5*time.Second, f.SlowFor)
	f.RetryAfter = orElse(f.RetryAfter == "", "mixed", f.RetryAfter)
	return c, c.check()
}

// check names every fault of the configuration at once.
func (c Config) check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Groups+c.NewGroups == 0 && !c.Example {
		wrong("no groups and no example: nothing to serve")
	}
	if c.Groups < 0 || c.NewGroups < 0 || c.ActionsPerGroup < 0 || c.Days < 0 || c.Active < 0 || c.LiveRate < 0 || c.Lasting < 0 {
		wrong("groups, actions, days, active groups, rate and length must not be negative")
	}
	if c.Burst < 0 || c.Dense < 0 || c.DenseFor < 0 || c.LiveFor < 0 {
		wrong("burst, dense and how long they or the live actions last must not be negative")
	}
	if (c.Burst > 0 || c.Dense > 0) && c.Groups == 0 {
		wrong("burst and dense need a group that exists from the start")
	}
	if !slices.Contains([]string{AuthNone, AuthPassword, AuthAKSK, AuthBoth}, c.Auth.Kind) {
		wrong("auth %q is none of none, password, aksk, both", c.Auth.Kind)
	}
	f := c.Faults
	if !slices.Contains([]string{"none", "seconds", "date", "mixed"}, f.RetryAfter) {
		wrong("retry-after %q is none of none, seconds, date, mixed", f.RetryAfter)
	}
	for name, p := range map[string]float64{
		"late": f.Late, "late-past": f.LatePast, "twice": f.Twice, "stuck": f.Stuck, "misspell": f.Misspell, "odd": f.Odd, "throttle": f.Throttle,
		"server-error": f.ServerError, "garbage": f.Garbage, "drop": f.Drop, "slow": f.Slow,
	} {
		if p < 0 || p > 1 {
			wrong("%s %v is not a share between 0 and 1", name, p)
		}
	}
	for _, k := range f.OddKinds {
		if !slices.Contains(oddNames[1:], k) {
			wrong("oddity %q is none of %s", k, strings.Join(oddNames[1:], ", "))
		}
	}
	if f.LagTotal < 0 || f.LagRequests < 0 || f.DriftClosed < 0 || f.ReturnAfter < 0 {
		wrong("lag-total, lag-requests, drift-closed and return-after must not be negative")
	}
	if f.RetentionSpeed < 1 {
		wrong("retention-speed %v is below 1", f.RetentionSpeed)
	}
	if f.SlowGroups < 0 || f.FailGroups < 0 || f.SlowGroups+f.FailGroups > c.Groups {
		wrong("%d slow and %d failing groups are no part of %d", f.SlowGroups, f.FailGroups, c.Groups)
	}
	if f.DeletedGroups > c.Groups {
		wrong("%d groups cannot be deleted of %d", f.DeletedGroups, c.Groups)
	}
	return errors.Join(errs...)
}

func orElse[T any](unset bool, def, v T) T {
	if unset {
		return def
	}
	return v
}
