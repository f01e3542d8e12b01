package sink

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/semaphore"

	"aslogd/ingest/action"
	"aslogd/sink/broker"
)

// revisions are n rows of shard 3 that follow in the chain, as a commit makes them.
func revisions(t testing.TB, after published, n int, raw func(seq int64) string) (made []Revision) {
	hash := after.hash
	for seq := after.seq + 1; seq <= after.seq+int64(n); seq++ {
		r := rowOf(t, []byte(raw(seq)))
		r.Seq = seq
		r.ChainHash = ChainHash(hash, r)
		hash = r.ChainHash
		a, err := action.Parse(r.Raw)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, Revision{r, a})
	}
	return made
}

func plain(seq int64) string { return fmt.Sprintf(`{"id":"a-%d","status":"SUCCESS"}`, seq) }

func tipOf(made []Revision) published {
	last := made[len(made)-1].Row
	return published{seq: last.Seq, hash: last.ChainHash}
}

func seqs(list []message) (all []int64) {
	for i := range list {
		all = append(all, list[i].seq)
	}
	return all
}

var genesis = published{hash: make([]byte, 32)}

// What a commit's own record becomes is what its row in the journal would.
func TestLaw05WhatIsRememberedIsWhatTheRowSays(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../ingest/action/testdata/parse/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d records: %v", len(files), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := action.Parse(raw); err != nil {
			continue // it never becomes a row
		}
		made := revisions(t, genesis, 1, func(int64) string { return string(raw) })
		m := recent{room: semaphore.NewWeighted(1 << 20), tip: genesis}
		m.put(t.Context(), made, func() {})
		have := m.after(genesis, 1, 1, math.MaxInt)
		want, err := messages([]*Row{made[0].Row}, broker.DefaultLimit)
		if err != nil || len(have) != 1 {
			t.Fatalf("%s: %d messages, %v", file, len(have), err)
		}
		h, w := have[0].latest, want[0].latest
		if !bytes.Equal(h.Body, w.Body) || !bytes.Equal(h.Key, w.Key) || !h.Time.Equal(w.Time) || have[0].group != want[0].group {
			t.Errorf("%s:\n%s %s\nof the row:\n%s %s", file, h.Key, h.Body, w.Key, w.Body)
		}
	}
}

// What breaks: a record only just fits the topic. What must hold: whether something
// is left out of it does not hang on whether it was remembered.
func TestLaw05WhatOnlyJustFitsIsCutAsTheRowIs(t *testing.T) {
	t.Parallel()
	made := revisions(t, genesis, 1, plain)
	m := recent{room: semaphore.NewWeighted(1 << 20), tip: genesis}
	m.put(t.Context(), made, func() {})
	size := broker.Overhead + m.list[0].latest.Size()
	kept := 0
	for limit := size - 5; limit < size+20; limit++ {
		have := m.after(genesis, 1, 1, limit)
		want, err := messages([]*Row{made[0].Row}, limit)
		if err != nil {
			t.Fatal(err)
		}
		kept += len(have)
		if len(have) > 0 && !bytes.Equal(have[0].latest.Body, want[0].latest.Body) {
			t.Errorf("limit %d:\n%s\nof the row:\n%s", limit, have[0].latest.Body, want[0].latest.Body)
		}
	}
	want(t, "some of them fit", kept > 0 && kept < 25, true)
}

func TestRememberedMessagesFollowThePublishedOne(t *testing.T) {
	t.Parallel()
	m := recent{room: semaphore.NewWeighted(1 << 20)}
	first := revisions(t, genesis, 2, plain)
	m.put(t.Context(), first, func() {}) // what they follow is not known yet
	second := revisions(t, tipOf(first), 3, plain)
	m.put(t.Context(), second, func() {})
	third := revisions(t, tipOf(second), 3, plain)
	m.put(t.Context(), third, func() {})
	want(t, "after nothing", len(m.after(genesis, 9, 1<<20, math.MaxInt)), 0)
	want(t, "after seq 2", fmt.Sprint(seqs(m.after(tipOf(first), 9, 1<<20, math.MaxInt))), "[3 4 5 6 7 8]")
	want(t, "four at most", fmt.Sprint(seqs(m.after(tipOf(first), 4, 1<<20, math.MaxInt))), "[3 4 5 6]")
	raw := len(plain(3))
	want(t, "bytes of two", fmt.Sprint(seqs(m.after(tipOf(first), 9, raw+1, math.MaxInt))), "[3 4]")
	want(t, "in another chain", len(m.after(published{seq: 2, hash: make([]byte, 32)}, 9, 1<<20, math.MaxInt)), 0)
	want(t, "too large for the topic", len(m.after(tipOf(first), 9, 1<<20, broker.Overhead+100)), 0)
	want(t, "after seq 5", fmt.Sprint(seqs(m.after(tipOf(second), 9, 1<<20, math.MaxInt))), "[6 7 8]")
	want(t, "what is published", len(m.after(tipOf(first), 9, 1<<20, math.MaxInt)), 0)

	other := revisions(t, published{seq: 8, hash: make([]byte, 32)}, 2, plain)
	m.put(t.Context(), other, func() {})
	want(t, "another story's row", len(m.after(tipOf(third), 9, 1<<20, math.MaxInt)), 0)
}

// What breaks: nothing is published while commits go on. What must hold: what is
// remembered stays within its bounds, the oldest is kept, and all room is given
// back.
func TestLaw09WhatIsRememberedIsBounded(t *testing.T) {
	t.Parallel()
	const room = 100_000
	shared := semaphore.NewWeighted(room)
	m := recent{room: shared, tip: genesis}
	at := genesis
	for range 50 {
		made := revisions(t, at, 20, plain)
		m.put(t.Context(), made, func() {})
		at = tipOf(made)
	}
	list := m.after(genesis, math.MaxInt, math.MaxInt, math.MaxInt)
	size := 0
	for i := range list {
		size += len(list[i].latest.Key) + len(list[i].latest.Body)
	}
	if len(list) < 20 || len(list) > 500 || size > room || list[0].seq != 1 {
		t.Errorf("%d messages of %d bytes are kept of 1000, from seq %d", len(list), size, list[0].seq)
	}
	last := list[len(list)-1]
	want(t, "after those", len(m.after(published{seq: last.seq, hash: last.hash}, 9, 1<<20, math.MaxInt)), 0)
	made := revisions(t, at, 5, plain)
	m.put(t.Context(), made, func() {})
	want(t, "there is room again", len(m.after(at, 9, 1<<20, math.MaxInt)), 5)
	m.close()
	m.put(t.Context(), revisions(t, tipOf(made), 5, plain), func() {})
	if !shared.TryAcquire(room) {
		t.Error("not all room was given back")
	}
}

// A silentJournal answers everything but what whole rows say, and counts.
type silentJournal struct {
	database
	statements *atomic.Int64
}

func (s silentJournal) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return nil, fmt.Errorf("nobody was to ask for rows")
}

func (s silentJournal) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	s.statements.Add(1)
	return s.database.QueryRow(ctx, sql, args...)
}

func (s silentJournal) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	s.statements.Add(1)
	return s.database.Exec(ctx, sql, args...)
}

// What is committed in this process and remembered is published without its rows
// being read again: one statement says that the journal holds them, and one notes
// that the topic does.
func TestRelayReadsNoRowTwice(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	b.publish(3, 4)
	r := b.relay(b.take(3, "two"), nil)
	r.recent.tip = r.recent.tip.of(b, 4)
	r.Made(t.Context(), b.written(3, 30))
	if err := r.ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	counted := silentJournal{r.store.pool, new(atomic.Int64)}
	r.store.pool = counted
	if err := r.drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.mirrors(3)
	want(t, "statements", counted.statements.Load(), 2)
}

// What breaks: what is remembered is not what the journal holds. What must hold:
// what is published is what the journal says.
func TestLaw05RelayPublishesWhatTheJournalSaysAndNotWhatItRemembers(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	b.publish(3, 4)
	r := b.relay(b.take(3, "two"), nil)
	at := published{}.of(b, 4)
	r.recent.tip = at
	made := revisions(t, at, 6, func(seq int64) string { return fmt.Sprintf(`{"id":"other-%d"}`, seq) })
	r.Made(t.Context(), made)
	b.write(3, 6, nil)
	b.start(r)
	b.untilPublished(3, 10)
	b.mirrors(3)
}

// of is a row of shard 3 as if it were published.
func (p published) of(b *relayBench, seq int64) published {
	b.Helper()
	p.seq = seq
	if err := b.pool.QueryRow(b.Context(), `SELECT chain_hash FROM aslog.journal WHERE shard = 3 AND seq = $1`, seq).Scan(&p.hash); err != nil {
		b.Fatal(err)
	}
	return p
}

// What breaks: one record is huge. What must hold: no message is made of it before
// its turn comes, and nothing is kept of it; those after it are remembered.
func TestLaw09AHugeRecordIsNotRemembered(t *testing.T) {
	t.Parallel()
	m := recent{room: semaphore.NewWeighted(16 << 20), tip: genesis}
	huge := revisions(t, genesis, 1, func(int64) string { return `{"id":"a","more":"` + strings.Repeat("x", 3<<20) + `"}` })
	m.put(t.Context(), huge, func() {})
	if room := cap(m.maker.value); room > keptValue {
		t.Errorf("%d bytes are kept", room)
	}
	m.put(t.Context(), revisions(t, tipOf(huge), 2, plain), func() {})
	want(t, "after nothing", len(m.after(genesis, 9, 16<<20, math.MaxInt)), 0)
	want(t, "after the huge one", fmt.Sprint(seqs(m.after(tipOf(huge), 9, 16<<20, math.MaxInt))), "[2 3]")
}

// What breaks: a shard stands still, for hours maybe, while its journal goes on.
// What must hold: it keeps nothing of the room that it shares with the others, and
// remembers again once it goes on.
func TestAShardThatStandsStillLeavesTheRoomToOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNumbering(t)
		defer n.end()
		const room = 1 << 20
		shared := semaphore.NewWeighted(room)
		free := func() bool {
			if !shared.TryAcquire(room) {
				return false
			}
			shared.Release(room)
			return true
		}
		r := n.relay(n.owner, n.lease, 1, func() {})
		r.recent.room, r.recent.tip = shared, genesis
		first := revisions(t, genesis, 5, plain)
		r.Made(t.Context(), first)
		want(t, "remembered", len(r.recent.list), 5)
		fork := r.fork(TopicsMisfit, newPrefix, onlyPublishing+"partitions were added")
		if err := r.settle(t.Context(), fork); err == nil {
			t.Fatal("no fork")
		}
		second := revisions(t, tipOf(first), 5, plain)
		r.Made(t.Context(), second)
		want(t, "remembered while it stands", len(r.recent.list), 0)
		want(t, "the room is free", free(), true)
		r.forked.Store(nil)
		r.Made(t.Context(), revisions(t, tipOf(second), 5, plain))
		want(t, "remembered again", len(r.recent.list), 4)
	})
}
