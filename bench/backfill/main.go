// Command backfill measures how aslogd reads a past: a simulator with made
// history, Postgres, Kafka and the daemon, each a process of its own.
//
//	go run ./internal/testenv/serve -- go run ./bench/backfill
//
// It prints actions a second until all rows are stored and until all records
// are published, CPU time and peak memory of the daemon, and the requests that
// were sent against the fewest that could do, one for each hundred actions.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

func main() {
	log.SetFlags(0)
	groups := flag.Int("groups", 20, "groups")
	actions := flag.Int("actions", 5000, "actions of each group")
	limit := flag.Duration("limit", 10*time.Minute, "give up after this")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, *limit)
	defer cancel()
	if err := run(ctx, *groups, *actions); err != nil {
		log.Fatal("backfill: ", err)
	}
}

func run(ctx context.Context, groups, actions int) error {
	server, kafka := os.Getenv("ASLOGD_TEST_DATABASE_URL"), os.Getenv("ASLOGD_TEST_KAFKA")
	if server == "" || kafka == "" {
		return fmt.Errorf("no services: run it under go run ./internal/testenv/serve --")
	}
	dir, err := os.MkdirTemp("", "aslogd-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "aslogd")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/aslogd").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	db, url, err := database(ctx, server)
	if err != nil {
		return err
	}
	defer db.Close(context.WithoutCancel(ctx))
	cloud, page, err := freePorts()
	if err != nil {
		return err
	}
	environ := append(os.Environ(),
		"ASLOGD_DATABASE_URL="+url, "ASLOGD_KAFKA_BROKERS="+kafka, "ASLOGD_KAFKA_TOPIC_PREFIX="+filepath.Base(dir),
		"ASLOGD_SOURCE_0_AS_URL=http://"+cloud, "ASLOGD_SOURCE_0_PROJECT_ID=bench", "ASLOGD_SOURCE_0_AUTH=none",
		"ASLOGD_SOURCE_0_REQUESTS_PER_MINUTE=1000000", "ASLOGD_HTTP_ADDR="+page, "ASLOGD_LOG_LEVEL=warn")
	if out, err := command(ctx, environ, binary, "migrate").CombinedOutput(); err != nil {
		return fmt.Errorf("migrate: %w\n%s", err, out)
	}
	simulator := command(ctx, environ, binary, "simulate", "--addr", cloud, "--project", "bench", "--live", "0",
		"--groups", strconv.Itoa(groups), "--actions", strconv.Itoa(actions))
	if err := simulator.Start(); err != nil {
		return err
	}
	defer stop(simulator)
	if err := await(ctx, "http://"+cloud+"/healthz"); err != nil {
		return err
	}
	return measure(ctx, command(ctx, environ, binary, "run"), db, "http://"+cloud+"/counts", groups, actions)
}

// measure runs the daemon until all actions are stored and published.
func measure(ctx context.Context, daemon *exec.Cmd, db *pgx.Conn, counts string, groups, actions int) error {
	daemon.Stderr = os.Stderr
	began := time.Now()
	if err := daemon.Start(); err != nil {
		return err
	}
	defer stop(daemon)
	all := int64(groups * actions)
	var first, stored, published time.Duration
	for published == 0 {
		var head, sent int64
		if err := db.QueryRow(ctx, "SELECT sum(head_seq)::bigint, sum(published_seq)::bigint FROM aslog.shard").Scan(&head, &sent); err != nil {
			return fmt.Errorf("ask how far it is: %w", err)
		}
		since := time.Since(began)
		if head > 0 && first == 0 {
			first = since
		}
		if head >= all && stored == 0 {
			stored = since
		}
		if sent >= all {
			published = since
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%d of %d stored, %d published: %w", head, all, sent, ctx.Err())
		}
	}
	requests, err := asked(ctx, counts)
	if err != nil {
		return err
	}
	stop(daemon)
	usage := daemon.ProcessState.SysUsage().(*syscall.Rusage)
	cpu := daemon.ProcessState.UserTime() + daemon.ProcessState.SystemTime()
	rate := func(d time.Duration) float64 { return float64(all) / (d - first).Seconds() }
	fewest := groups * ((actions + 99) / 100)
	fmt.Printf("%10d  actions in %d groups\n", all, groups)
	fmt.Printf("%10.1f  seconds from the start to the first row\n", first.Seconds())
	fmt.Printf("%10.0f  actions/s from there until all were stored (%.1f s)\n", rate(stored), (stored - first).Seconds())
	fmt.Printf("%10.0f  actions/s from there until all were published (%.1f s)\n", rate(published), (published - first).Seconds())
	fmt.Printf("%10.1f  CPU ms of the daemon for 1,000 actions\n", float64(cpu.Milliseconds())/float64(all)*1000)
	fmt.Printf("%10d  MiB at most resident, the daemon\n", usage.Maxrss>>10)
	fmt.Printf("%10d  requests for the log; the fewest are %d; ratio %.3f\n", requests, fewest, float64(requests)/float64(fewest))
	return nil
}

// asked is how many requests for the log the simulator has had.
func asked(ctx context.Context, url string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	var counts struct{ Logs int }
	if err := json.NewDecoder(answer.Body).Decode(&counts); err != nil {
		return 0, fmt.Errorf("decode %s: %w", url, err)
	}
	return counts.Logs, nil
}

// database makes an empty one on the server.
func database(ctx context.Context, server string) (*pgx.Conn, string, error) {
	admin, err := pgx.Connect(ctx, server)
	if err != nil {
		return nil, "", err
	}
	defer admin.Close(ctx)
	name := fmt.Sprintf("bench_%d", time.Now().UnixNano())
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return nil, "", err
	}
	c := admin.Config()
	url := fmt.Sprintf("postgres://%s:%s@%s:%d/%s?sslmode=disable", c.User, c.Password, c.Host, c.Port, name)
	db, err := pgx.Connect(ctx, url)
	return db, url, err
}

func command(ctx context.Context, environ []string, name string, arguments ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, arguments...)
	c.Env = environ
	return c
}

func stop(c *exec.Cmd) {
	if c.ProcessState == nil {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait() // its exit code says nothing here
	}
}

func await(ctx context.Context, url string) error {
	for {
		if answer, err := http.Get(url); err == nil {
			answer.Body.Close()
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", url, ctx.Err())
		}
	}
}

func freePorts() (a, b string, err error) {
	var addresses [2]string
	for i := range addresses {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", "", err
		}
		defer l.Close()
		addresses[i] = l.Addr().String()
	}
	return addresses[0], addresses[1], nil
}
