package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"aslogd/checkpoint"
	"aslogd/history"
	"aslogd/ingest"
	"aslogd/ingest/asapi"
	"aslogd/sink"
)

// backfills is how many groups of a process are backfilled at once, over all
// sources, but at least two of each. More would not be faster, since the budget
// is the bound, and would cost memory.
const backfills = 8

// parts is what the shards of a process share.
type parts struct {
	*daemon
	store        *checkpoint.Store
	sources      map[string]ingest.Source
	budgets      []*asapi.Budget
	clients      []*asapi.Client
	horizons     *ingest.Horizons
	recalls      *ingest.Recalls
	starts       *ingest.Starts
	reading      *ingest.Metrics
	committing   *sink.Metrics
	publishing   *sink.RelayMetrics
	commitMemory int64 // of each shard
	relayMemory  int
	recent       *semaphore.Weighted // bytes of what is committed and not published yet
}

func (d *daemon) newParts() (*parts, error) {
	p := &parts{
		daemon: d, store: &checkpoint.Store{Pool: d.pool}, sources: map[string]ingest.Source{},
		horizons: &ingest.Horizons{}, recalls: ingest.NewRecalls(int64(d.config.MemoryLimit) / 32), starts: &ingest.Starts{},
		reading: ingest.NewMetrics(d.registry), committing: sink.NewMetrics(d.registry),
	}
	if d.broker != nil {
		p.publishing = sink.NewRelayMetrics(d.registry)
	}
	// A quarter of the memory for answers on their way in and pages until they
	// are stored, a quarter for batches that wait to be committed, an eighth for what is on its way out
	// (which stands there three times: row, value, compressed), a sixteenth for what
	// is stored and not published yet, a thirty-second for rows that readers
	// remember; the rest is for what is being worked on.
	limit := int64(d.config.MemoryLimit)
	shards := int64(d.config.Shards)
	memory := asapi.NewMemory(limit / 4)
	p.commitMemory = max(1<<20, limit/4/shards)
	p.relayMemory = int(min(2<<20, max(128<<10, limit/24/shards)))

	p.recent = semaphore.NewWeighted(limit / 16)

	metrics := asapi.NewMetrics(d.registry)
	grants := &checkpoint.Budget{Pool: d.pool}
	for i := range d.config.Sources {
		s := &d.config.Sources[i]
		warn := d.warnSource(s.Name)
		if s.RequestsPerMinute == 0 {
			d.health.degrade(history.NewTrouble(history.SourceOff, "budget of source "+s.Name, "REQUESTS_PER_MINUTE=0: nothing is read"), 0)
		}
		budget := asapi.NewBudget(s.Name, s.RequestsPerMinute, grants, warn)
		client, err := newClient(s, budget, memory, metrics, warn)
		if err != nil {
			return nil, err
		}
		p.budgets, p.clients = append(p.budgets, budget), append(p.clients, client)
		p.sources[s.Name] = ingest.Source{
			API: client, Project: s.ProjectID, BackfillFrom: s.backfillFrom,
			Backfills: make(chan struct{}, max(2, backfills/len(d.config.Sources))),
		}
	}
	return p, nil
}

// close hangs up where nothing is asked any more.
func (p *parts) close() {
	for _, client := range p.clients {
		client.Close()
	}
}

// pace is the least time between two small commits of a shard, and between two small
// transactions: short beside any interval of polls, long enough for a busy fleet's
// rows to come together.
const pace = 250 * time.Millisecond

// hold does all that a shard needs while it is this process's: it commits what
// is read, publishes what is committed, reads the shard's groups, and watches
// the sources whose own shard this is.
func (p *parts) hold(ctx context.Context, lease checkpoint.Lease) error {
	group, ctx := errgroup.WithContext(ctx)
	config := sink.CommitterConfig{
		Pool: p.pool, Lease: lease, Settle: time.Hour, Log: p.log, Metrics: p.committing, MemoryBytes: p.commitMemory, Pace: pace,
	}
	if len(p.config.Settle) > 0 {
		config.Settle = p.config.Settle[0]
	}
	var committer *sink.Committer
	var relay *sink.Relay
	if p.broker != nil {
		relay = sink.NewRelay(sink.RelayConfig{
			Pool: p.pool, Lease: lease, Broker: p.broker, Prefix: p.config.KafkaTopicPrefix, Shards: p.config.Shards, Log: p.log, Metrics: p.publishing,
			TransactionTimeout: max(p.config.LeaseTTL, 10*time.Second), BatchBytes: p.relayMemory,
			Memory: p.recent, Pace: pace,
			Stopped: func() { committer.Recheck() },
		})
		config.Made, config.Wake, config.Before = relay.Made, relay.Wake, relay.CheckFork
		config.Again, config.Moved = relay.CheckAgain, relay.Moved
		defer p.health.watch(lease.Shard, func() (kind, what string) {
			if fork := relay.Stands(); fork != nil {
				return string(fork.Kind), fork.What
			}
			return "", ""
		})()
	} else {
		config.Before = func(ctx context.Context) error { return sink.GoOn(ctx, p.pool, lease) }
	}
	committer = sink.NewCommitter(config)
	if relay != nil {
		group.Go(func() error { return relay.Run(ctx) })
	}
	group.Go(func() error { return committer.Run(ctx) })
	fleet := &ingest.Fleet{
		Sources: p.sources, Roster: p.store, Desk: p.store, Sink: committer, Poll: p.config.PollInterval,
		Settle: p.config.Settle, Counter: p.store,
		Held: committer.Held, Horizons: p.horizons, Recalls: p.recalls, Starts: p.starts, Metrics: p.reading, Warn: p.warnGroup,
	}
	group.Go(func() error {
		if err := committer.Asked(ctx); err != nil {
			return err
		}
		return fleet.Run(ctx, lease)
	})
	for i := range p.config.Sources {
		s := &p.config.Sources[i]
		if checkpoint.SourceShard(s.Name, p.config.Shards) != lease.Shard {
			continue
		}
		watcher := &ingest.Watcher{
			Source: s.Name, Project: s.ProjectID, API: p.sources[s.Name].API, Lister: p.store,
			Shards: p.config.Shards, Only: s.Groups, Interval: p.config.WatchInterval, Warn: p.warnSource(s.Name),
		}
		group.Go(func() error { return watcher.Run(ctx, lease) })
	}
	return group.Wait()
}

// warnSource says what is wrong with a whole source, once and then rarely.
func (d *daemon) warnSource(source string) func(error) {
	return func(err error) {
		if errors.Is(err, context.Canceled) {
			return
		}
		d.health.degrade(history.NewTrouble(causeOf(err), "source "+source, err.Error()), 2*time.Minute)
		if ok, kept := d.seldom.allow(source); ok {
			d.log.Warn().Err(err).Str("source", source).Int("more", kept).Msg("the API does not do as asked: trying on")
		}
	}
}

// warnGroup says what is wrong with one group's round.
func (d *daemon) warnGroup(t ingest.Target, err error) {
	var stopped *sink.Stopped
	if errors.Is(err, context.Canceled) || errors.As(err, &stopped) {
		return // the committer has said that the shard stands still
	}
	d.health.degrade(history.NewTrouble(causeOf(err), "groups of source "+t.Source, fmt.Sprintf("group %s: %v", t.Group, err)), 2*time.Minute)
	if ok, kept := d.seldom.allow(t.Source + "/groups"); ok {
		d.log.Warn().Err(err).Str("source", t.Source).Str("group", t.Group).Int("shard", t.Shard).Int("more", kept).
			Msg("a round failed: it will be tried again")
	}
}

// newIncarnation names one run of one process.
func newIncarnation(instance string) string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	name := []byte(instance)
	name = slices.DeleteFunc(name, func(c byte) bool { return c <= ' ' || c >= 0x7f })
	return string(name[:min(len(name), 40)]) + "/" + hex.EncodeToString(b[:])
}
