package sink

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"aslogd/internal/testenv"
)

// What breaks: a few rows of a commit are huge. What must hold: they are not put
// together in memory, but go out one after the other; small ones go together.
func TestLaw09FewHugeRowsAreNotPutTogether(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	for _, c := range []struct {
		name   string
		size   int
		queued int
	}{{"small", 100, 4}, {"huge", 1 << 20, 0}} {
		tx, err := pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback(t.Context()) //nolint:errcheck // nothing is kept
		var at time.Time               // falls into a month that there is
		if err := tx.QueryRow(t.Context(), `SELECT now()`).Scan(&at); err != nil {
			t.Fatal(err)
		}
		var rows []*change
		for _, rev := range revisions(t, genesis, 4, func(seq int64) string {
			return fmt.Sprintf(`{"id":"%d","more":"%s"}`, seq, strings.Repeat("x", c.size))
		}) {
			rev.Row.RecordedAt = at
			rows = append(rows, &change{row: rev.Row})
		}
		w := &inserter{tx: tx}
		if err := write(t.Context(), w, "journal", journalColumns, rows, journalTuple); err != nil {
			t.Fatal(err)
		}
		want(t, c.name+" rows that wait", w.queued, c.queued)
		if err := w.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := tx.QueryRow(t.Context(), `SELECT count(*) FROM aslog.journal WHERE length(raw::text) > $1`, c.size).Scan(&n); err != nil {
			t.Fatal(err)
		}
		want(t, c.name+" rows in the journal", n, 4)
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
