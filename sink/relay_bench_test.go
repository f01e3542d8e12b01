package sink

import (
	"context"
	"os"
	"testing"
	"time"
)

// BenchmarkRelay publishes 20,000 rows of the size of the API's own example.
func BenchmarkRelay(bench *testing.B) {
	b := newRelayBench(bench)
	raw, err := os.ReadFile("../ingest/action/testdata/parse/02_seed_normal.json")
	if err != nil {
		bench.Fatal(err)
	}
	const rows = 20_000
	for bench.Loop() {
		bench.StopTimer()
		b.topics()
		exec(b, b.pool, `UPDATE aslog.shard_published SET published_seq = 0 WHERE shard = 3`)
		var head int64
		if err := b.pool.QueryRow(context.Background(), `SELECT head_seq FROM aslog.shard WHERE shard = 3`).Scan(&head); err != nil {
			bench.Fatal(err)
		}
		if head == 0 {
			b.write(3, rows, func(int64) string { return string(raw) })
		}
		r := b.relay(b.take(3, "one"), nil)
		bench.StartTimer()
		began := time.Now()
		_, stop := b.start(r)
		b.untilPublished(3, rows)
		bench.ReportMetric(rows/time.Since(began).Seconds(), "rows/s")
		stop()
	}
}
