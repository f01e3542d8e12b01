package sink

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
)

// What breaks: Postgres fails over to a standby that lacks the last commits,
// which were published already; their answers were lost too, so the owner makes
// them again, with other chains, before the relay has looked. What must hold:
// whether the journal is as long as the topic then or longer, the relay sees
// that it tells another story, says so, and publishes nothing. And so where the
// chain of the journal itself is broken.
func TestRelaySeesThatTheJournalWentBackAndOn(t *testing.T) {
	t.Parallel()
	for _, head := range []int{5, 7, -7} { // −7: the chain itself is broken after 5
		t.Run(fmt.Sprint("to ", head), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSimulation(t, 1, t.Logf)
				s.faulty = false
				lease := checkpoint.Lease{Owner: "one", Epoch: 1}
				write := func(from *simState, to int, status string) *simState {
					next := from.clone()
					for seq := len(from.journal) + 1; seq <= to; seq++ {
						row := rowOf(t, fmt.Appendf(nil, `{"id":"a%d","status":%q}`, seq, status))
						row.Shard, row.Seq, row.ChainHash = 0, int64(seq), nil
						row.ChainHash = ChainHash(next.head.hash, row)
						next.journal = append(next.journal, row)
						next.head = endsWith(row)
					}
					return next
				}
				s.db.now.lease = lease
				three := write(s.db.now, 3, "SUCCESS")
				s.db.commit(write(three, 5, "SUCCESS"))
				relay := s.relay(&process{name: "one"}, lease, 0, func() {})
				ended := make(chan error, 1)
				go func() { ended <- relay.Run(s.ctx) }()
				time.Sleep(time.Minute)
				s.mu.Lock()
				if n := len(s.topic(s.topics[0])); n != 5 {
					t.Errorf("%d of 5 rows were published", n)
				}
				published := s.db.now.published
				if head > 0 {
					s.db.now = write(three, head, "FAIL")
				} else {
					broken := s.db.now.clone()
					broken.head.hash = make([]byte, 32)
					s.db.now = write(broken, -head, "FAIL")
				}
				s.db.now.published = published
				s.mu.Unlock()
				relay.Wake()
				time.Sleep(time.Minute)
				s.mu.Lock()
				if n := len(s.topic(s.topics[0])); n != 5 || s.db.now.stopped == "" {
					t.Errorf("the topic holds %d rows, and the shard says %q", n, s.db.now.stopped)
				}
				s.mu.Unlock()
				s.stop(nil)
				<-ended
				if s.failure != nil {
					t.Error(s.failure)
				}
			})
		})
	}
}

func endsWith(r *Row) head { return head{seq: r.Seq, hash: r.ChainHash, at: r.RecordedAt} }
