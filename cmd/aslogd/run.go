package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"aslogd/checkpoint"
	"aslogd/history"
	"aslogd/sink/broker"
)

type runCmd struct{}

func (runCmd) Help() string {
	return `Runs the daemon until SIGTERM or SIGINT. With Postgres, Kafka or the API away it
stays up and goes on by itself; with no schema yet it waits for aslogd migrate.

Example:

  export ASLOGD_DATABASE_URL=postgres://aslogd@db/aslog
  export ASLOGD_SOURCE_0_AS_URL=https://as.eu-de.otc.t-systems.com
  export ASLOGD_SOURCE_0_PROJECT_ID=… ASLOGD_SOURCE_0_DOMAIN=…
  export ASLOGD_SOURCE_0_USERNAME=… ASLOGD_SOURCE_0_PASSWORD_FILE=/run/secrets/as
  aslogd run`
}

// Run is the daemon's story: settings, connections that may take their time,
// the pages that tell how it stands, and then shards, as many as are due.
func (runCmd) Run(ctx context.Context, environ Env, to streams) error {
	c, err := Load(environ, allParts...)
	if err != nil {
		return err
	}
	log := newLogger(c, to.err)
	if os.Getenv("GOGC") == "" {
		// Half as many collections: the limit below keeps what that costs in bounds.
		debug.SetGCPercent(200)
	}
	debug.SetMemoryLimit(collected(int64(c.MemoryLimit)))
	incarnation := newIncarnation(c.Instance)
	pool, err := newPool(ctx, c, incarnation)
	if err != nil {
		return err
	}
	defer pool.Close()
	kafka, err := newBroker(c)
	if err != nil {
		return err
	}
	if kafka != nil {
		defer kafka.Close()
	}
	d := &daemon{
		config: c, log: log, pool: pool, broker: kafka, incarnation: incarnation,
		health: &health{ttl: c.LeaseTTL}, registry: prometheus.NewRegistry(),
	}
	d.health.wait(history.Starting, "starting")
	listener, err := net.Listen("tcp", c.HTTPAddr)
	if err != nil {
		return fmt.Errorf("listen on %sHTTP_ADDR=%s: %w", Prefix, c.HTTPAddr, err)
	}
	v, revision := buildInfo()
	log.Info().Str("version", v).Str("commit", revision).Str("http", listener.Addr().String()).
		Int("sources", len(c.Sources)).Int("shards", c.Shards).Bool("kafka", kafka != nil).Msg("started")
	for _, warning := range c.Warnings {
		log.Warn().Msg(warning)
	}
	if kafka == nil {
		log.Warn().Msg("no brokers in " + Prefix + "KAFKA_BROKERS: nothing is published, the journal keeps everything")
	}
	stopServing := d.serve(listener)
	defer stopServing()
	return d.stopWithin(ctx, c.ShutdownTimeout, d.work)
}

// collected is what the collector may use of so much memory. The program itself, of
// which 25 MiB are resident, is not in it, nor what the kernel keeps for it; and what
// grows faster than it is collected goes over it for a moment. So an eighth is left to
// them, and 48 MiB where that is not more than half.
func collected(limit int64) int64 {
	return limit - max(limit/8, min(48<<20, limit/2))
}

// A daemon is one running process.
type daemon struct {
	config      *Config
	log         zerolog.Logger
	pool        *pgxpool.Pool
	broker      *broker.Broker // nil: nothing is published
	incarnation string
	health      *health
	registry    *prometheus.Registry
	seldom      seldom
	kafka       saying
}

// serve answers on the listener from the first moment, so that whoever asks
// learns what the daemon waits for.
func (d *daemon) serve(listener net.Listener) (stop func()) {
	d.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	d.registry.MustRegister(history.NewCollector(d.pool, d.incarnation))
	registerBuildInfo(d.registry)
	server := &http.Server{
		Handler: history.Handler(history.HandlerConfig{
			Pool: d.pool, Ready: d.health.Ready, Token: d.config.HTTPToken.Reveal,
			Metrics: promhttp.HandlerFor(d.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}),
		}),
		ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
	}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			d.log.Error().Err(err).Msg("the page, health and metrics are not served any more")
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
		_ = server.Close()
	}
}

// work is everything behind the page: it returns nil when ctx ends.
func (d *daemon) work(ctx context.Context) error {
	if err := d.awaitSchema(ctx); err != nil {
		return err
	}
	if err := d.refuseTopics(ctx); err != nil {
		return err
	}
	parts, err := d.newParts()
	if err != nil {
		return err
	}
	defer parts.close()
	group, ctx := errgroup.WithContext(ctx)
	keeper := &checkpoint.Keeper{
		Pool: d.pool, Instance: d.config.Instance, Incarnation: d.incarnation, TTL: d.config.LeaseTTL,
		Hold: parts.hold, Log: d.log, Metrics: checkpoint.NewMetrics(d.registry),
	}
	started := time.Now()
	d.health.begin(func() time.Time { // until the first beat, the start counts as one
		if at := keeper.LastBeat(); !at.IsZero() {
			return at
		}
		return started
	})
	group.Go(func() error { return keeper.Run(ctx) })
	for _, budget := range parts.budgets {
		group.Go(func() error { return budget.Run(ctx) })
	}
	if d.broker != nil {
		group.Go(func() error { d.watchTopics(ctx); return nil })
	}
	return group.Wait()
}

// stopWithin runs work until ctx ends, and gives it so much longer to stop. What
// has not stopped by then is left as a crash would leave it, which is harmless.
func (d *daemon) stopWithin(ctx context.Context, limit time.Duration, work func(context.Context) error) error {
	done := make(chan error, 1)
	go func() { done <- work(ctx) }()
	select {
	case err := <-done:
		return d.stopped(ctx, err)
	case <-ctx.Done():
	}
	d.health.wait(history.Stopping, "stopping")
	d.log.Info().Dur("within", limit).Msg("stopping")
	select {
	case err := <-done:
		return d.stopped(ctx, err)
	case <-time.After(limit):
		return fmt.Errorf("not everything stopped within %sSHUTDOWN_TIMEOUT=%v; nothing is lost by that", Prefix, limit)
	}
}

func (d *daemon) stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		d.log.Info().Msg("stopped")
		return nil
	}
	if err != nil {
		d.log.Error().Err(err).Msg("cannot go on")
	}
	return err
}

func registerBuildInfo(to prometheus.Registerer) {
	v, revision := buildInfo()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "aslogd_build_info", Help: "Always 1; the labels say which build this is.",
		ConstLabels: prometheus.Labels{"version": v, "commit": revision},
	})
	info.Set(1)
	to.MustRegister(info)
}
