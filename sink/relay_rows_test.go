package sink

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"aslogd/internal/testenv"
)

// What breaks: large texts that Postgres presses together to a twentieth. What
// must hold: a transaction's and a replay's rows are bounded by what they come to
// in memory, and no more texts are read than are wanted, which would take time by
// the size of the shard: whatever plan Postgres makes of what it knows.
func TestLaw09RowsAreBoundedByWhatTheyComeToInMemory(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	chance := rand.New(rand.NewPCG(1, 1))
	b.write(3, 200, func(seq int64) string {
		var odd strings.Builder // too much to be kept beside the row
		for odd.Len() < 4000 {
			fmt.Fprintf(&odd, "%016x", chance.Uint64())
		}
		return fmt.Sprintf(`{"id":"a-%d","x":%q}`, seq, odd.String()+strings.Repeat("a", 96_000))
	})
	const bytes = 1_000_000
	r := b.relay(b.take(3, "one"), nil)
	rows, err := r.store.rows(t.Context(), published{}, maxRows, bytes)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "rows of a transaction", len(rows), 10)

	owner, err := pgx.Connect(t.Context(), testenv.OwnerURL(b.pool.Config().ConnString()))
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close(context.Background())
	args := pgx.NamedArgs{"shard": 3, "after": 0, "since": time.Time{}, "until": 200, "from": time.Unix(0, 0),
		"to": time.Now().Add(time.Hour), "groups": []string{}, "rows": 150, "bytes": bytes}
	for _, known := range []string{"", "ANALYZE aslog.journal"} {
		if _, err := owner.Exec(t.Context(), known); err != nil {
			t.Fatal(err)
		}
		for name, sql := range map[string]string{"relay": relayRowsSQL, "replay": replayRowsSQL} {
			var plans []struct {
				Plan struct {
					Hit  int `json:"Shared Hit Blocks"`
					Read int `json:"Shared Read Blocks"`
				}
			}
			var text []byte
			if err := b.pool.QueryRow(t.Context(), "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "+sql, args).Scan(&text); err != nil {
				t.Fatalf("explain %s: %v", name, err)
			}
			if err := json.Unmarshal(text, &plans); err != nil {
				t.Fatal(err)
			}
			// Ten texts are about fifty blocks, and all are a thousand.
			if blocks := plans[0].Plan.Hit + plans[0].Plan.Read; blocks < 30 || blocks > 250 {
				t.Errorf("%s reads %d blocks for ten rows after %q:\n%s", name, blocks, known, text)
			}
		}
	}
}
