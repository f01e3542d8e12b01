package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"aslogd/internal/simulator"
)

// simulateCmd serves internal/simulator. Its flags are simulator.Config and
// simulator.Faults, one for one.
type simulateCmd struct {
	Addr            string        `default:"127.0.0.1:9180" help:"Address to listen on."`
	Project         string        `help:"Project id to answer for."`
	Groups          int           `default:"12" help:"Groups that exist from the start."`
	NewGroups       int           `help:"Groups that are created later."`
	NewGroupsWithin time.Duration `default:"1m" help:"When the last of them is created."`
	Actions         int           `default:"500" help:"Actions in each group's history."`
	Days            int           `default:"30" help:"Days that the history spans."`
	FirstAction     bool          `help:"Let a group's first action start in the second of its creation."`
	Seed            uint64        `default:"1" help:"Same seed, same --born: same world."`
	Born            *time.Time    `placeholder:"RFC3339" help:"When history ends and live actions begin (now). Set it to get the same world after a restart."`
	Live            float64       `default:"0.5" help:"Live actions a second, over all groups."`
	Active          int           `placeholder:"N" help:"Let live actions start in the first N groups alone."`
	LiveFor         time.Duration `placeholder:"FOR" help:"Start no live action after so long."`
	Lasting         time.Duration `default:"40s" help:"How long an action typically takes."`
	Burst           int           `placeholder:"N" help:"Let so many actions of the first group start in one second."`
	BurstAt         time.Duration `placeholder:"FROM-BORN" help:"Which second: -1h is in the history, 1m is live."`
	Dense           int           `placeholder:"N" help:"Let so many actions of the first group start within --dense-for."`
	DenseAt         time.Duration `placeholder:"FROM-BORN" help:"From when on (so that they end with the history)."`
	DenseFor        time.Duration `default:"6h" help:"How long that is."`
	Skew            time.Duration `placeholder:"AHEAD" help:"How far the server's clock, its Date and stamps, is ahead of this machine's; -3m is behind."`
	Prerender       bool          `help:"Make the texts of the history at the start and keep them: answers cost less, and memory more."`
	Example         bool          `help:"Serve one group, that of the vendor's own example, and nothing else."`

	Auth      string        `enum:"none,password,aksk,both" default:"none" help:"How callers show who they are: none, password, aksk, both." group:"Sign-in"`
	Domain    string        `help:"Domain of the user; empty lets any pass." group:"Sign-in"`
	Username  string        `help:"User for POST /v3/auth/tokens; empty lets any pass." group:"Sign-in"`
	Password  string        `help:"Password of that user." group:"Sign-in"`
	TokenLife time.Duration `default:"24h" help:"How long a token is good for." group:"Sign-in"`
	AccessKey string        `help:"Access key for signed requests." group:"Sign-in"`
	SecretKey string        `help:"Secret key for signed requests." group:"Sign-in"`

	Late           float64       `placeholder:"SHARE" help:"Share of live actions shown late." group:"Faults of the log"`
	LateBy         time.Duration `default:"90s" help:"How late at most." group:"Faults of the log"`
	LatePast       float64       `placeholder:"SHARE" help:"Share of the history that is shown only after a while." group:"Faults of the log"`
	LatePastBy     time.Duration `default:"24h" help:"After how long at most." group:"Faults of the log"`
	Stuck          float64       `placeholder:"SHARE" help:"Share of live actions that stay DOING for --stuck-for." group:"Faults of the log"`
	StuckFor       time.Duration `default:"1h" help:"How long they stay DOING." group:"Faults of the log"`
	Misspell       float64       `placeholder:"SHARE" help:"Share of MANUAL_* types written MANNUAL_*." group:"Faults of the log"`
	Odd            float64       `placeholder:"SHARE" help:"Share of records with an odd payload." group:"Faults of the log"`
	OddKinds       []string      `placeholder:"KIND" help:"Which oddities (all)." group:"Faults of the log"`
	Drift          int           `placeholder:"N" help:"A new row at the head before every n-th later page." group:"Faults of the log"`
	ShuffleTies    bool          `help:"Rows of one second come in another order at each request." group:"Faults of the log"`
	ClampLimit     int           `placeholder:"N" help:"Take a larger limit for this, and echo this." group:"Faults of the log"`
	OffsetCap      int           `placeholder:"N" help:"Refuse a larger start_number." group:"Faults of the log"`
	OpenEdges      bool          `help:"Take start_time and end_time as exclusive." group:"Faults of the log"`
	FilterEnds     bool          `help:"Compare start_time and end_time with when an action ended." group:"Faults of the log"`
	HideOpen       bool          `help:"Show no action that has not ended where an end_time is given." group:"Faults of the log"`
	Ascending      bool          `help:"Answer oldest first." group:"Faults of the log"`
	LagTotal       time.Duration `placeholder:"AGE" help:"Tell the total of so long ago." group:"Faults of the log"`
	LagRequests    int           `placeholder:"N" help:"Tell the total of the group's n-th request before." group:"Faults of the log"`
	DriftClosed    int           `placeholder:"N" help:"A late row inside the span before every n-th later page with both times." group:"Faults of the log"`
	Twice          float64       `placeholder:"SHARE" help:"Share of actions that the next group lists too, under the same id." group:"Faults of the log"`
	Retention      time.Duration `placeholder:"AGE" help:"Forget actions that started longer ago." group:"Faults of the log"`
	RetentionSpeed float64       `default:"1" help:"Forget so many seconds of the history in one, until none is left." group:"Faults of the log"`
	DeletedGroups  int           `placeholder:"N" help:"Groups that are deleted." group:"Faults of the log"`
	DeletedAfter   time.Duration `default:"1m" help:"When they are." group:"Faults of the log"`
	ReturnAfter    time.Duration `placeholder:"AFTER" help:"List them again so long after that." group:"Faults of the log"`

	Throttle    float64       `placeholder:"SHARE" help:"Share of requests that answer 429." group:"Faults of the way"`
	PerMinute   int           `placeholder:"N" help:"Answer 429 above so many requests a minute." group:"Faults of the way"`
	RetryAfter  string        `enum:"none,seconds,date,mixed" default:"mixed" help:"What a 429 says of when to come again: none, seconds, date, mixed." group:"Faults of the way"`
	ServerError float64       `placeholder:"SHARE" help:"Share of requests that answer 500 or 502." group:"Faults of the way"`
	Garbage     float64       `placeholder:"SHARE" help:"Share of requests that answer 200 with HTML or half a page." group:"Faults of the way"`
	Drop        float64       `placeholder:"SHARE" help:"Share of answers that break off in the body." group:"Faults of the way"`
	Slow        float64       `placeholder:"SHARE" help:"Share of requests that wait --slow-for." group:"Faults of the way"`
	SlowFor     time.Duration `default:"5s" help:"How long they wait." group:"Faults of the way"`
	SlowGroups  int           `placeholder:"N" help:"Groups whose every request waits --slow-for." group:"Faults of the way"`
	FailGroups  int           `placeholder:"N" help:"Groups after these whose every request answers 500 or 502." group:"Faults of the way"`
	ExpireEvery int           `placeholder:"N" help:"Every n-th request finds its token dead before its time." group:"Faults of the way"`
}

func (simulateCmd) Help() string {
	return `Serves the log of scaling actions (V2), the group list (V1) and sign-in as the
AS API does, with made data, and misbehaves as told. Beside the API, without
sign-in and without faults:

  /truth     what a perfect reader would hold now (?raw=false, ?group=ID)
  /counts    how many requests came
  /polls     when each group was last asked for what is new
  /healthz   whether it is up

A SHARE is between 0 and 1. Oddities: ` + strings.Join(simulator.Oddities(), ", ") + `.

Example, a small cloud on a bad day:

  aslogd simulate --groups 3 --live 2 --late 0.2 --drift 3 --throttle 0.05 \
    --server-error 0.05 --odd 0.01`
}

// Run serves until ctx ends.
func (c *simulateCmd) Run(ctx context.Context, out io.Writer) error {
	s, err := simulator.New(c.config())
	if err != nil {
		return usageError(err.Error())
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("listen for the simulator: %w", err)
	}
	c.greet(out, "http://"+reachable(listener.Addr()), s.Project())
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	select {
	case err := <-stopped:
		return fmt.Errorf("serve the simulator at %s: %w", c.Addr, err)
	case <-ctx.Done():
	}
	// Answers under way get a moment; slow ones are cut, which readers must bear.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		server.Close() //nolint:errcheck // it is to end, however
	}
	if err := <-stopped; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the simulator at %s: %w", c.Addr, err)
	}
	return nil
}

// greet says where it is, and the settings with which a daemon reads it.
func (c *simulateCmd) greet(out io.Writer, url, project string) {
	fmt.Fprintf(out, "The AS API's stand-in listens at %s for project %s.\n", url, project)
	fmt.Fprintf(out, "What a perfect reader would hold: %s/truth\n\n", url)
	fmt.Fprintf(out, "ASLOGD_SOURCE_0_AS_URL=%s\nASLOGD_SOURCE_0_PROJECT_ID=%s\n", url, project)
	switch c.Auth {
	case simulator.AuthPassword:
		fmt.Fprintf(out, "ASLOGD_SOURCE_0_AUTH=password\nASLOGD_SOURCE_0_IAM_URL=%s\n", url)
		fmt.Fprintf(out, "ASLOGD_SOURCE_0_DOMAIN=%s\nASLOGD_SOURCE_0_USERNAME=%s\nASLOGD_SOURCE_0_PASSWORD=…\n",
			orAny(c.Domain), orAny(c.Username))
	case simulator.AuthAKSK, simulator.AuthBoth:
		fmt.Fprintf(out, "ASLOGD_SOURCE_0_AUTH=aksk\nASLOGD_SOURCE_0_ACCESS_KEY=%s\nASLOGD_SOURCE_0_SECRET_KEY=…\n", c.AccessKey)
	default:
		fmt.Fprintln(out, "ASLOGD_SOURCE_0_AUTH=none")
	}
	fmt.Fprintln(out, "ASLOGD_SOURCE_0_REQUESTS_PER_MINUTE=6000")
}

// reachable is the address as a caller on this machine would write it: one
// cannot connect to "all addresses".
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

func orAny(s string) string {
	if s == "" {
		return "any"
	}
	return s
}

func (c *simulateCmd) config() simulator.Config {
	config := simulator.Config{
		Seed: c.Seed, Project: c.Project, Groups: c.Groups, NewGroups: c.NewGroups, NewGroupsWithin: c.NewGroupsWithin,
		ActionsPerGroup: c.Actions, Days: c.Days, FirstAction: c.FirstAction, Prerender: c.Prerender,
		LiveRate: c.Live, Active: c.Active, LiveFor: c.LiveFor, Lasting: c.Lasting, Example: c.Example, Skew: c.Skew,
		Burst: c.Burst, BurstAt: c.BurstAt, Dense: c.Dense, DenseAt: c.DenseAt, DenseFor: c.DenseFor,
		Auth: simulator.Auth{
			Kind: c.Auth, Domain: c.Domain, Username: c.Username, Password: c.Password,
			TokenLife: c.TokenLife, AccessKey: c.AccessKey, SecretKey: c.SecretKey,
		},
		Faults: simulator.Faults{
			Late: c.Late, LateBy: c.LateBy, Stuck: c.Stuck, StuckFor: c.StuckFor,
			Misspell: c.Misspell, Odd: c.Odd, OddKinds: c.OddKinds,
			Drift: c.Drift, ShuffleTies: c.ShuffleTies, ClampLimit: c.ClampLimit, OffsetCap: c.OffsetCap,
			OpenEdges: c.OpenEdges, FilterEnds: c.FilterEnds, HideOpen: c.HideOpen, Ascending: c.Ascending,
			LatePast: c.LatePast, LatePastBy: c.LatePastBy, LagTotal: c.LagTotal, LagRequests: c.LagRequests,
			DriftClosed: c.DriftClosed, Twice: c.Twice, Retention: c.Retention, RetentionSpeed: c.RetentionSpeed,
			DeletedGroups: c.DeletedGroups, DeletedAfter: c.DeletedAfter, ReturnAfter: c.ReturnAfter,
			Throttle: c.Throttle, PerMinute: c.PerMinute, RetryAfter: c.RetryAfter, ServerError: c.ServerError,
			Garbage: c.Garbage, Drop: c.Drop, Slow: c.Slow, SlowFor: c.SlowFor, SlowGroups: c.SlowGroups, FailGroups: c.FailGroups, ExpireEvery: c.ExpireEvery,
		},
	}
	if c.Born != nil {
		config.Born = *c.Born
	}
	if c.Example {
		config.Groups, config.NewGroups, config.LiveRate = 0, 0, 0
	}
	return config
}
