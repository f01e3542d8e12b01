package sink

import (
	"context"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/semaphore"
)

// cramped remembers no more than n messages of plain revisions, in so many bytes.
func cramped(t *testing.T, n int) (m *recent, room int64) {
	measure := recent{room: semaphore.NewWeighted(1 << 20), tip: genesis}
	measure.put(t.Context(), revisions(t, genesis, 1, plain), func() {})
	room = int64(n) * (measure.list[0].size + 8)
	return &recent{room: semaphore.NewWeighted(room), patience: time.Second, tip: genesis}, room
}

// What breaks: more is committed than there is room for. What mends: the relay
// publishes. What must hold: the commit waits for that, and nothing is left out.
func TestACommitWaitsForTheRelayToMakeRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := cramped(t, 10)
		made := revisions(t, genesis, 18, plain)
		begun, rung, put := time.Now(), 0, make(chan struct{})
		go func() {
			m.put(t.Context(), made, func() { rung++ })
			close(put)
		}()
		synctest.Wait()
		at := genesis
		for at.seq < 18 {
			lot := m.after(at, 5, math.MaxInt, math.MaxInt)
			if len(lot) == 0 {
				t.Fatalf("nothing follows seq %d", at.seq)
			}
			at = published{seq: lot[len(lot)-1].seq, hash: lot[len(lot)-1].hash}
			m.after(at, 0, 0, 0)
			synctest.Wait()
		}
		<-put
		want(t, "waited", time.Since(begun), time.Duration(0))
		want(t, "the relay was told", rung > 0, true)
	})
}

// What breaks: nothing is published for long. What must hold: of all commits one
// waits, and no longer than its patience; once something was published the next
// may wait again.
func TestCommitsDoNotWaitForARelayThatStands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := cramped(t, 10)
		at, waited := genesis, []time.Duration{}
		next := func() {
			made, begun := revisions(t, at, 8, plain), time.Now()
			m.put(t.Context(), made, func() {})
			at, waited = tipOf(made), append(waited, time.Since(begun))
		}
		for range 5 {
			next()
		}
		list := m.after(genesis, math.MaxInt, math.MaxInt, math.MaxInt)
		m.after(published{seq: list[4].seq, hash: list[4].hash}, 0, 0, 0)
		next()
		want(t, "waited", fmt.Sprint(waited), "[0s 1s 0s 0s 0s 1s]")
	})
}

// What breaks: a shard's end comes while its commit waits for room. What must hold:
// the commit goes on at once, and all room is given back.
func TestACommitThatWaitsForRoomGoesOnWhenTheShardEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, room := cramped(t, 10)
		begun, put := time.Now(), make(chan struct{})
		go func() {
			m.put(t.Context(), revisions(t, genesis, 18, plain), func() {})
			close(put)
		}()
		synctest.Wait()
		m.close()
		<-put
		want(t, "waited", time.Since(begun), time.Duration(0))
		if !m.room.TryAcquire(room) || len(m.list) > 0 {
			t.Errorf("%d messages are kept", len(m.list))
		}
	})
}

// What breaks: the relay makes room for a row or two at a time, for others have the
// rest. What must hold: a commit of many rows waits no longer than its patience in all.
func TestACommitOfManyRowsWaitsForRoomButOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := cramped(t, 10)
		begun, put := time.Now(), make(chan struct{})
		go func() {
			m.put(t.Context(), revisions(t, genesis, 60, plain), func() {})
			close(put)
		}()
		for seq := int64(1); ; seq++ {
			select {
			case <-put:
				want(t, "waited", time.Since(begun), m.patience)
				return
			case <-time.After(900 * time.Millisecond):
				m.published(seq)
			}
		}
	})
}

// What breaks: a shard is found to stand still while its commit waits for room. What
// must hold: of the rest of the commit nothing is kept.
func TestACommitThatWaitsForRoomKeepsNoneOfAShardThatStands(t *testing.T) {
	t.Parallel()
	for name, stand := range map[string]func(ctx context.Context, r *Relay) error{
		"a fork": func(ctx context.Context, r *Relay) error {
			return r.settle(ctx, r.fork(TopicsMisfit, newPrefix, onlyPublishing+"partitions were added"))
		},
		"a doubt": func(ctx context.Context, r *Relay) error { return r.suspect(ctx, "Postgres went back") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := newNumbering(t)
				defer n.end()
				r := n.relay(n.owner, n.lease, 1, func() {})
				var room int64
				r.recent, room = cramped(t, 10)
				put := make(chan struct{})
				go func() {
					r.Made(t.Context(), revisions(t, genesis, 18, plain))
					close(put)
				}()
				synctest.Wait()
				_ = stand(t.Context(), r)
				<-put
				if !r.recent.room.TryAcquire(room) || len(r.recent.list) > 0 {
					t.Errorf("%d messages are kept", len(r.recent.list))
				}
			})
		})
	}
}

// What is remembered behind a hole is not read from the journal.
func TestRelayReadsNoFurtherThanWhatItRemembers(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	b.publish(3, 4)
	b.write(3, 2, nil)
	r := b.relay(b.take(3, "two"), nil)
	r.recent.tip = published{}.of(b, 6)
	r.Made(t.Context(), b.written(3, 4))
	if err := r.ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	st, err := r.store.state(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hole, err := r.read(t.Context(), st)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "read", fmt.Sprint(seqs(hole)), "[5 6]")
	if err := r.drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.mirrors(3)
}
