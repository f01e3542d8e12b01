package sink

import (
	"bytes"
	"context"
	"math"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"aslogd/ingest/action"
)

// A Revision is a journal row as its commit made it, with its raw record as it
// was read.
type Revision struct {
	Row    *Row
	Action *action.Action
}

// recent are the messages of rows that this process committed a moment ago, until
// they are published: most are, before there is no more room. They spare the
// relay to ask for the rows, to read their raw records and to compute their
// chain again; the journal only has to say that it holds the same, by the rows'
// chain hashes. What is not here is read from the journal.
//
// A commit that finds no room waits a moment for the relay to make some, since rows
// that have to be read again cost more than that. Once one waited in vain, for Kafka
// may be away for hours, commits wait no more until the relay has gone on.
type recent struct {
	room     *semaphore.Weighted // in bytes; shared by the shards of a process
	patience time.Duration       // of a commit that finds no room, for all of its rows

	mu     sync.Mutex
	list   []remembered // in order of seq, not without holes
	tip    published    // the newest row that was ever put here
	done   int64        // seq of the last published one, as the relay last told
	raw    int          // bytes of the raw records in list
	waits  bool         // a commit waits for room
	tired  bool         // waiting was in vain, and nothing was published since
	closed bool
	maker  maker // the committer's alone
}

type remembered struct {
	message
	former []byte // chain hash of the row before
	size   int64
}

// mostRaw is the largest raw record that is remembered. One that is larger would
// take the place of many, and perhaps has to be cut to fit the topic.
const mostRaw = 256 << 10

// put takes what a commit made, while there is room. What there is no room for is
// left out, and not what came before it: that is published first. ring tells the
// relay of what there is, before it is waited for. It takes no longer than patience.
func (m *recent) put(ctx context.Context, made []Revision, ring func()) {
	ctx, cancel := context.WithTimeout(ctx, m.patience)
	defer cancel()
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, rev := range made {
		r, former := rev.Row, m.tip
		m.tip = published{seq: r.Seq, hash: r.ChainHash}
		// Within a commit each row is chained to the one before; that a commit is to
		// the former one is looked at here, for nobody looks again.
		if m.closed || len(r.Raw) > mostRaw || former.seq != r.Seq-1 || i == 0 && !former.precedes(r) {
			continue
		}
		one := remembered{message: m.maker.message(r, rev.Action, math.MaxInt), former: former.hash}
		one.size = int64(256 + len(one.latest.Key) + len(one.latest.Body)) // and what stands for it in list
		if !m.room.TryAcquire(one.size) && !m.await(ctx, one.size, ring) {
			m.tip = published{seq: made[len(made)-1].Row.Seq, hash: made[len(made)-1].Row.ChainHash}
			return
		}
		m.list = append(m.list, one)
		m.raw += one.message.raw
	}
}

// await waits for room, while others may use what is remembered: the lock, which the
// caller holds, is let go meanwhile.
func (m *recent) await(ctx context.Context, size int64, ring func()) bool {
	if m.tired {
		return false
	}
	m.waits = true
	m.mu.Unlock()
	ring()
	err := m.room.Acquire(ctx, size)
	m.mu.Lock()
	m.waits = false
	if err == nil && m.closed {
		m.room.Release(size)
		return false
	}
	m.tired = err != nil
	return err == nil
}

// after are the messages that follow the last published one without a hole: no
// more than rows, no more once their raw records have so many bytes, and none
// that is too large for a batch of limit bytes.
func (m *recent) after(at published, rows, raw, limit int) (list []message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(at.seq)
	for i := range m.list {
		next := &m.list[i]
		if next.seq != at.seq+1 || !bytes.Equal(next.former, at.hash) || !next.fits(limit) || len(list) == rows || raw <= 0 {
			break
		}
		list = append(list, next.message)
		at.seq, at.hash, raw = next.seq, next.hash, raw-next.raw
	}
	return list
}

// few reports whether what is remembered is all there is to publish, so that rows to
// come would join it, fills no transaction of so many rows, or bytes of raw records,
// and has room that nobody of this shard waits for.
func (m *recent) few(rows, raw int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	whole := int64(len(m.list)) == m.tip.seq-m.done
	return whole && len(m.list) > 0 && len(m.list) < rows && m.raw < raw && !m.waits
}

// lacks is how many rows stand between the last published one, which after was asked
// about, and the first that is remembered: 0 where none is, or it follows at once.
func (m *recent) lacks(seq int64) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.list) == 0 {
		return 0
	}
	return int(m.list[0].seq - seq - 1)
}

func (m *recent) forget(seq int64) {
	n := 0
	m.done = seq
	for n < len(m.list) && m.list[n].seq <= seq {
		m.room.Release(m.list[n].size)
		m.raw -= m.list[n].message.raw
		n++
	}
	m.tired = m.tired && n == 0
	clear(m.list[:n])
	m.list = m.list[n:]
}

// published drops what is published, up to seq.
func (m *recent) published(seq int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(seq)
}

// drop gives all room back.
func (m *recent) drop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(math.MaxInt64)
}

// close gives all room back, for good.
func (m *recent) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.forget(math.MaxInt64)
}
