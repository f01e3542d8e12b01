package sink

import (
	"bytes"
	"context"
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"aslogd/internal/testenv"
)

// block is the fenced block of docs/audit.md after the given heading.
func block(t *testing.T, heading string) string {
	t.Helper()
	page, err := os.ReadFile("../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(page), heading)
	found := regexp.MustCompile("(?s)```[a-z]*\n(.*?)```").FindStringSubmatch(rest)
	if !ok || found == nil {
		t.Fatalf("docs/audit.md has no block under %q", heading)
	}
	return found[1]
}

// example is the row that docs/audit.md works through.
func example() *Row {
	text := func(s string) *string { return &s }
	number := func(n int64) *int64 { return &n }
	moment := func(s string) *time.Time {
		m, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			panic(err)
		}
		return &m
	}
	return &Row{
		Shard: 3, Seq: 1, RecordedAt: *moment("2026-03-01T12:00:00.000001Z"),
		Source: "source0", ProjectID: "p", GroupID: "g", GroupName: text("Größe"), ActionID: "a",
		Revision: 1, Change: New, Status: text("DOING"), Type: text("MANUAL_ADD"),
		StartTime: moment("1969-12-31T23:59:59Z"), EndTime: nil,
		InstanceValue: number(1), DesireValue: number(3), ScalingValue: nil,
		ContentHash: []byte{1, 0xab}, Raw: []byte(`{"id": "a"}`),
	}
}

// A stranger follows the page: its vector must be what the code does.
func TestAuditPageVector(t *testing.T) {
	t.Parallel()
	want(t, "canonical form", hex.EncodeToString(Canonical(example())), strings.Join(strings.Fields(block(t, "## A worked row")), ""))
	want(t, "chain hash", hex.EncodeToString(ChainHash(make([]byte, 32), example())), strings.TrimSpace(block(t, "### Its chain hash")))
}

// The page's SQL recomputes the chain without any code of this project.
func TestAuditPageQuery(t *testing.T) {
	t.Parallel()
	pool := testenv.Postgres(t)
	own(t, pool, lease)
	c := committer(t, pool)
	b := batch("g", seen(t, 1, doing("a")), seen(t, 1, success("b", "ü")), seen(t, 1, `{"id":"c"}`))
	b.Target.Name = nil
	commit(t, c, b)
	commit(t, c, batch("g", seen(t, 2, success("a", "i-4"))))
	query := block(t, "## Recomputing it in SQL")
	want(t, "rows whose chain does not hold", text(t, pool, query), "")

	// And it sees what was tampered with: the owner alone can do that.
	owner, err := pgxpool.New(t.Context(), testenv.OwnerURL(pool.Config().ConnString()))
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close()
	exec(t, owner, `SET session_replication_role = replica`)
	tx, err := owner.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	for _, sql := range []string{`SET LOCAL session_replication_role = replica`, `UPDATE aslog.journal SET status = 'FAIL' WHERE seq = 2`} {
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := tx.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	broken, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (seq int64, err error) {
		var shard int
		return seq, row.Scan(&shard, &seq)
	})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "rows whose chain does not hold", broken, []int64{2})
}

// verifyChain reads every shard's journal back and checks that seq has no
// hole, recorded_at never falls, each link holds, and the head is the last.
func verifyChain(t testing.TB, pool *pgxpool.Pool) {
	t.Helper()
	rows, err := pool.Query(context.Background(), `SELECT shard, seq, recorded_at, source, project_id, group_id, group_name, action_id, revision, change,
		status, type, start_time, end_time, instance_value, desire_value, scaling_value, content_hash, raw, chain_hash
		FROM aslog.journal ORDER BY shard, seq`)
	if err != nil {
		t.Fatal(err)
	}
	journal, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[Row])
	if err != nil {
		t.Fatal(err)
	}
	last := &Row{Shard: -1}
	for _, r := range journal {
		if r.Shard != last.Shard {
			last = &Row{Shard: r.Shard, ChainHash: make([]byte, 32)}
		}
		if r.Seq != last.Seq+1 || r.RecordedAt.Before(last.RecordedAt) || !bytes.Equal(r.ChainHash, ChainHash(last.ChainHash, r)) {
			t.Fatalf("shard %d: seq %d after %d, recorded %v after %v, chain holds: %v", r.Shard, r.Seq, last.Seq,
				r.RecordedAt, last.RecordedAt, bytes.Equal(r.ChainHash, ChainHash(last.ChainHash, r)))
		}
		last = r
	}
	want(t, "heads that are not the last row", text(t, pool, `SELECT h.shard FROM aslog.shard_head h
		LEFT JOIN LATERAL (SELECT * FROM aslog.journal j WHERE j.shard = h.shard ORDER BY seq DESC LIMIT 1) j ON true
		WHERE (h.head_seq, h.head_hash) IS DISTINCT FROM (coalesce(j.seq, 0), coalesce(j.chain_hash, h.head_hash))`), "")
}

// notify is a logger that sends a token for each line.
func notify(to chan<- struct{}) zerolog.Logger {
	return zerolog.New(writer(func(p []byte) (int, error) {
		select {
		case to <- struct{}{}:
		default:
		}
		return len(p), nil
	}))
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }
