package sink

import (
	"testing"
	"time"
)

// Rows that come in bulk go out in few transactions, which cost the broker as much
// as hundreds of rows each; the first few rows after a rest go out at once.
func TestWhatComesInBulkIsPublishedInBulk(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	r := b.relay(b.take(0, "owner"), nil)
	r.idle, r.gather = time.Minute, 2*time.Second
	const lots = 5
	began := time.Now()
	b.write(0, bulk, nil)
	b.start(r)
	b.untilPublished(0, bulk)
	for range lots - 1 {
		b.write(0, bulk, nil)
		r.Wake()
	}
	b.untilPublished(0, lots*bulk)
	lasted := time.Since(began)
	var offset int64
	if err := b.pool.QueryRow(t.Context(), `SELECT log_offset FROM aslog.shard_published WHERE shard = 0`).Scan(&offset); err != nil {
		t.Fatal(err)
	}
	// Each transaction but the last has left a mark in the log before the last row.
	transactions := int(offset) + 2 - lots*bulk
	if most := 2 + int(lasted/r.gather); transactions > most {
		t.Errorf("%d rows went out in %d transactions within %s, at most %d were called for", lots*bulk, transactions, lasted, most)
	}
	if lasted > 30*time.Second {
		t.Errorf("they took %s", lasted)
	}
}
