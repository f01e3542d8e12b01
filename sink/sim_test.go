package sink

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/rs/zerolog"
	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"aslogd/checkpoint"
	"aslogd/sink/broker"
)

var (
	simSeeds = flag.Int("seeds", 200, "how many seeds TestEveryInterleaving tries; make simulate-faults tries more")
	simSeed  = flag.Uint64("seed", 0, "try this one alone, and tell its story")
)

// What breaks, at every call to Postgres or Kafka, as a seed decides: the call
// is slow, it never arrives, or it is done and its answer lost; a process is
// stopped for longer than its lease and woken, or killed; the shard is taken by
// another; Postgres or Kafka is away for a while; and, in every third world,
// Postgres goes back to an older state, leases and all. What mends: after a
// minute nothing more goes wrong. What must hold, after every commit and every
// transaction, is in sim_judge_test.go; and in the end all is stored, covered
// and published, or a fork is noted and the shard stands still. Every other world
// keeps a pace, and in all of them commits wait for room.
//
// It is the real Committer and the real Relay with its real broker.Broker; only
// what answers them is made up.
func TestEveryInterleaving(t *testing.T) {
	t.Parallel()
	if *simSeed != 0 {
		runSimulation(t, *simSeed, t.Logf)
		return
	}
	const lanes = 4
	for lane := range lanes {
		t.Run(fmt.Sprint("lane ", lane), func(t *testing.T) {
			t.Parallel()
			for seed := 1 + lane; seed <= *simSeeds && !t.Failed(); seed += lanes {
				runSimulation(t, uint64(seed), func(string, ...any) {})
			}
		})
	}
}

func runSimulation(t *testing.T, seed uint64, note func(string, ...any)) {
	synctest.Test(t, func(t *testing.T) {
		s := newSimulation(t, seed, note)
		s.world()
		s.stop(nil)
		s.running.Wait()
		if s.failure != nil {
			t.Errorf("seed %d (go test ./sink -run TestEveryInterleaving -seed %d -v): %v", seed, seed, s.failure)
		}
	})
}

func newSimulation(t *testing.T, seed uint64, note func(string, ...any)) *simulation {
	s := &simulation{
		seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), note: note, faulty: true,
		topics: []string{broker.ActionsTopic("sim"), broker.LatestTopic("sim")},
		rows:   map[string]*Row{}, former: map[string]string{}, judged: map[string]verdictSoFar{},
	}
	s.ctx, s.stop = context.WithCancelCause(t.Context())
	genesis := &simState{head: head{hash: make([]byte, 32)}, actions: map[key]state{}, covered: map[string]bool{}}
	s.db = &simPostgres{sim: s, now: genesis}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(decoder.Close)
	s.kafka = &simKafka{sim: s, logs: map[string]*simLog{}, zstd: decoder}
	return s
}

// A simulation is one world and what happened in it. What is written here is
// guarded by mu, which whoever answers a call holds.
type simulation struct {
	seed    uint64
	note    func(string, ...any)
	topics  []string
	ctx     context.Context
	stop    context.CancelCauseFunc
	running sync.WaitGroup

	mu        sync.Mutex
	rng       *rand.Rand
	faulty    bool
	away      [2]time.Time // until when Postgres, and Kafka, do not answer
	db        *simPostgres
	kafka     *simKafka
	owner     *process
	processes int
	restored  bool
	back      time.Time         // when Postgres went back
	failed    time.Time         // when a call to Kafka failed last
	rows      map[string]*Row   // every row that ever was, by its chain hash
	former    map[string]string // the chain hash before it
	judged    map[string]verdictSoFar
	failure   error
}

func (s *simulation) fail(format string, args ...any) {
	if s.failure == nil {
		s.failure = fmt.Errorf(format, args...)
		s.stop(s.failure)
	}
}

// pause is a time up to most that nothing else ends at.
func (s *simulation) pause(most time.Duration) time.Duration { return 1 + upTo(s.rng, most) }

func (s *simulation) after(d time.Duration, do func()) {
	time.AfterFunc(d, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		do()
	})
}

// claim gives the shard to a new process, as the keeper's statements do.
func (s *simulation) claim() {
	if s.db.holder != nil {
		s.db.holder.end()
	}
	s.processes++
	p := &process{name: fmt.Sprint("owner", s.processes)}
	ctx, cancel := context.WithCancel(s.ctx)
	p.cancel = cancel
	next := s.db.now.clone()
	next.lease = checkpoint.Lease{Owner: p.name, Epoch: next.lease.Epoch + 1}
	s.db.commit(next)
	s.owner = p
	s.note("%v %s claims the shard, epoch %d", time.Now().Format("04:05.000"), p.name, next.lease.Epoch)
	s.running.Go(func() { s.hold(ctx, p, next.lease) })
}

// hold is what the daemon does with a shard that is its own, again and again
// until it is another's.
func (s *simulation) hold(ctx context.Context, p *process, lease checkpoint.Lease) {
	dice := s.actor(p, "hold", 0)
	for turn := 0; ctx.Err() == nil; turn++ {
		err := s.holdOnce(ctx, p, lease, turn)
		if ctx.Err() != nil || lost(err) {
			return
		}
		_ = sleep(ctx, time.Second+upTo(dice.rng, time.Second))
	}
}

func (s *simulation) holdOnce(ctx context.Context, p *process, lease checkpoint.Lease, turn int) error {
	role := func(name string, side int) *actor { return s.actor(p, fmt.Sprint(name, turn), side) }
	group, ctx := errgroup.WithContext(ctx)
	var committer *Committer
	relay := s.relay(p, lease, turn, func() { committer.Recheck() })
	writes := role("committer", 0)
	committer = NewCommitter(CommitterConfig{Lease: lease, Settle: time.Hour, Made: relay.Made, Wake: relay.Wake, Before: relay.CheckFork,
		Again: relay.CheckAgain, Moved: relay.Moved, Log: zerolog.Nop(), Pace: relay.pace})
	committer.idle = time.Second
	dice := role("pauses of committer", 0).rng // Run's alone
	committer.pool = simSession{writes, s.db}
	committer.jitter = func(d time.Duration) time.Duration { return upTo(dice, d) }
	group.Go(func() error { return relay.Run(ctx) })
	group.Go(func() error { return committer.Run(ctx) })
	group.Go(func() error { return s.read(ctx, role("worker", 0), lease, committer) })
	err := group.Wait()
	if !relay.recent.room.TryAcquire(simRoom) {
		s.mu.Lock()
		s.fail("%s keeps room that others share", p.name)
		s.mu.Unlock()
	}
	s.note("%v %s stops holding: %v", time.Now().Format("04:05.000"), p.name, err)
	return err
}

func (s *simulation) relay(p *process, lease checkpoint.Lease, turn int, stopped func()) *Relay {
	line, reads := s.actor(p, fmt.Sprint("relay", turn), 1), s.actor(p, fmt.Sprint("relay", turn), 0)
	client := broker.New(broker.Config{Brokers: []string{"sim:9092"}, Wrap: func(kafka.RoundTripper) kafka.RoundTripper {
		return simLine{line, s.kafka}
	}})
	cfg := RelayConfig{Lease: lease, Broker: client, Prefix: "sim", Log: zerolog.Nop(), Stopped: stopped, Memory: semaphore.NewWeighted(simRoom)}
	if s.seed%2 == 1 {
		cfg.Pace = time.Second / 4
	}
	relay := NewRelay(cfg)
	dice := s.actor(p, fmt.Sprint("pauses of relay", turn), 1).rng // Run's alone
	relay.store.pool = simSession{reads, s.db}
	relay.jitter = func(d time.Duration) time.Duration { return upTo(dice, d) }
	relay.lot = 3
	return relay
}

// simRoom is room for a message or two, of the three that a commit may make.
const simRoom = 1500

// upTo is like rand.N, with dice that a seed rules.
func upTo[I ~int | ~int64](dice *rand.Rand, most I) I { return I(dice.Int64N(int64(most))) }
