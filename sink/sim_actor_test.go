package sink

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// A process is one replica's run; it may sleep, and it may die.
type process struct {
	name   string
	cancel context.CancelFunc
	asleep time.Time
	dead   bool
}

// An actor is one goroutine of a process, with dice of its own, so that what it
// meets does not depend on what others do.
type actor struct {
	*process
	sim  *simulation
	rng  *rand.Rand
	side int // 0: Postgres, 1: Kafka
}

func (s *simulation) actor(p *process, role string, side int) *actor {
	h := fnv.New64a()
	fmt.Fprint(h, p.name, role, side)
	return &actor{process: p, sim: s, rng: rand.New(rand.NewPCG(s.seed, h.Sum64())), side: side}
}

var (
	errSimCut  = errors.New("connection reset by peer")
	errSimDead = errors.New("this process is dead")
)

// step does something in another system: after a while, unless something comes
// between.
func (a *actor) step(ctx context.Context, do func() error) error {
	a.rest()
	a.sim.mu.Lock()
	wait, fate := 1+upTo(a.rng, 4*time.Millisecond), a.rng.IntN(200)
	if !a.sim.faulty {
		fate = 200
	}
	switch fate {
	case 0:
		wait += upTo(a.rng, 3*time.Second)
	case 1:
		wait += upTo(a.rng, 40*time.Second)
	}
	a.sim.mu.Unlock()
	time.Sleep(wait)
	a.rest()
	a.sim.mu.Lock()
	var err error
	switch {
	case a.dead:
		err = errSimDead
	case ctx.Err() != nil && fate%2 == 0:
		err = context.Cause(ctx)
	case fate < 6 || time.Now().Before(a.sim.away[a.side]):
		err = errSimCut
	default:
		if err = do(); fate < 10 {
			err = errSimCut
			a.sim.tempt(a, fate)
		}
	}
	if a.side == 1 && (err != nil || ctx.Err() != nil) {
		a.sim.failed = time.Now()
	}
	a.sim.mu.Unlock()
	if fate == 6 || fate == 10 { // nobody says that an answer will not come
		a.sim.mu.Lock()
		wait = upTo(a.rng, 30*time.Second)
		a.sim.mu.Unlock()
		time.Sleep(wait)
	}
	a.rest()
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return err
}

// rest is being stopped, as by SIGSTOP: all of a process at once.
func (a *actor) rest() {
	for {
		a.sim.mu.Lock()
		left := time.Until(a.asleep)
		extra := upTo(a.rng, time.Millisecond)
		a.sim.mu.Unlock()
		if left <= 0 {
			return
		}
		time.Sleep(left + extra)
	}
}
