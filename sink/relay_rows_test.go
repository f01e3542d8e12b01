package sink

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// What breaks: large texts that Postgres presses together to a hundredth. What
// must hold: a transaction's and a replay's rows are bounded by what they come to
// in memory, and no more of them are read than are wanted, which would take time
// by the size of the shard.
func TestLaw09RowsAreBoundedByWhatTheyComeToInMemory(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	b.write(3, 200, func(seq int64) string {
		return fmt.Sprintf(`{"id":"a-%d","x":%q}`, seq, strings.Repeat("a", 100_000))
	})
	const bytes = 1_000_000
	r := b.relay(b.take(3, "one"), nil)
	rows, err := r.store.rows(t.Context(), published{}, maxRows, bytes)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "rows of a transaction", len(rows), 10)

	args := pgx.NamedArgs{"shard": 3, "after": 0, "since": time.Time{}, "until": 200, "from": time.Unix(0, 0),
		"to": time.Now().Add(time.Hour), "groups": []string{}, "rows": 150, "bytes": bytes}
	for name, sql := range map[string]string{"relay": relayRowsSQL, "replay": replayRowsSQL} {
		var plans []struct{ Plan node }
		var text []byte
		if err := b.pool.QueryRow(t.Context(), "EXPLAIN (ANALYZE, FORMAT JSON) "+sql, args).Scan(&text); err != nil {
			t.Fatalf("explain %s: %v", name, err)
		}
		if err := json.Unmarshal(text, &plans); err != nil {
			t.Fatal(err)
		}
		if most := plans[0].Plan.most(); most < 10 || most > 12 {
			t.Errorf("%s reads %v rows for ten:\n%s", name, most, text)
		}
	}
}

// A node is a step of Postgres's plan, with the rows that came out of it.
type node struct {
	Rows  float64 `json:"Actual Rows"`
	Plans []node
}

func (n node) most() float64 {
	most := n.Rows
	for _, child := range n.Plans {
		most = max(most, child.most())
	}
	return most
}
