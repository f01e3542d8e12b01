package sink

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"aslogd/internal/testenv"
	"aslogd/sink/broker"
)

// What breaks: a row that is not published yet is changed behind our back; or
// the journal goes back and grows again, with other rows, before the relay
// looks. What must hold: what is before it is published, it never is, and the
// shard says which row it is.
func TestLaw05RelayPublishesNothingThatTheChainDoesNotHold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		wreck func(b *relayBench)
		at    int64
	}{
		{"a row was changed", func(b *relayBench) {
			b.write(3, 5, nil)
			tamper(b, `UPDATE aslog.journal SET status = 'FAIL' WHERE shard = 3 AND seq = 23`)
		}, 22},
		{"its raw text was", func(b *relayBench) {
			b.write(3, 5, nil)
			tamper(b, `UPDATE aslog.journal SET raw = '{"id":"a-11"}' WHERE shard = 3 AND seq = 21`)
		}, 20},
		{"the journal went back and grew again", func(b *relayBench) {
			exec(b, b.pool, `UPDATE aslog.shard_head h SET head_seq = 18, head_hash = (SELECT chain_hash FROM aslog.journal j WHERE j.shard = 3 AND seq = 18) WHERE shard = 3`)
			tamper(b, `DELETE FROM aslog.journal WHERE shard = 3 AND seq > 18`)
			b.write(3, 7, func(seq int64) string { return fmt.Sprintf(`{"id":"other-%d"}`, seq) })
		}, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newRelayBench(t)
			b.write(3, 20, nil)
			r := b.relay(b.take(3, "one"), nil)
			b.start(r)
			b.untilPublished(3, 20)
			r.turn <- struct{}{} // the relay does not look meanwhile
			c.wreck(b)
			<-r.turn
			r.Wake()
			var at int64
			var stopped string
			b.until("the shard stopped, and the two were compared", func() bool {
				at, stopped = b.publishedSeq(3)
				return stopped != "" && !strings.Contains(stopped, "if Kafka answers")
			})
			if at != c.at || !strings.Contains(stopped, fmt.Sprintf("seq %d", c.at+1)) && !strings.Contains(stopped, "different stories at seq 20") {
				t.Errorf("published up to %d: %s", at, stopped)
			}
			if n := int64(len(b.read(broker.ActionsTopic(b.prefix), 3))); n != c.at {
				t.Errorf("%d records in the topic", n)
			}
		})
	}
}

// tamper changes the journal, which its triggers refuse to everybody else.
func tamper(b *relayBench, sql string) {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), testenv.OwnerURL(b.pool.Config().ConnString()))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	for _, sql := range []string{`SET session_replication_role = replica`, sql} {
		if _, err := conn.Exec(b.Context(), sql); err != nil {
			b.Fatalf("%s: %v", sql, err)
		}
	}
}

// A transaction's rows are bounded by their size as well as by their number:
// large records do not add up.
func TestLaw09ATransactionIsBoundedByBytes(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	dice := rand.New(rand.NewPCG(1, 1)) // letters that Postgres cannot press together much
	b.write(3, 50, func(seq int64) string {
		text := make([]byte, 30_000)
		for i := range text {
			text[i] = 'a' + byte(dice.IntN(26))
		}
		return fmt.Sprintf(`{"id":"a-%d","x":%q}`, seq, text)
	})
	r := b.relay(b.take(3, "one"), nil)
	rows, err := r.store.rows(t.Context(), published{}, maxRows, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) == 0 || len(rows) > 25 {
		t.Errorf("%d rows for 100,000 bytes", len(rows))
	}
	rows, err = r.store.rows(t.Context(), published{}, 7, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "rows at most", len(rows), 7)
	b.start(r)
	b.untilPublished(3, 50)
	b.mirrors(3)
}
