package sink

import (
	"crypto/sha256"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"aslogd/ingest"
)

var (
	//go:embed sql/commit_quarantine.sql
	quarantineSQL string
	//go:embed sql/commit_quarantine_page.sql
	quarantinePageSQL string
	//go:embed sql/commit_resolve.sql
	resolveSQL string
)

// rawLimit is how many bytes of a quarantined record are kept.
const rawLimit = 1 << 20

// A fault is one row of the quarantine to be.
type fault struct {
	target ingest.Target
	reject ingest.Reject
	times  int64
}

// A faultCount says how many rows of a source and reason were made or counted.
type faultCount struct {
	source, reason string
	times          int64
}

// faultsOf collects what goes to quarantine, each once: what the batches say,
// what Postgres refused, and the fields that could not be read of those
// actions that make a revision (those of others are there already).
func faultsOf(a *attempt, rests []*item) (records, pages []*fault) {
	seen := map[[5]string]*fault{}
	add := func(t ingest.Target, r ingest.Reject) {
		if r.RawHash == nil {
			sum := sha256.Sum256(r.Raw)
			r.RawHash = sum[:]
		}
		if len(r.Raw) > rawLimit {
			r.Raw = r.Raw[:rawLimit]
		}
		if r.Raw == nil {
			r.Raw = []byte{}
		}
		r.ActionID, r.Reason, r.Detail = clean(r.ActionID), clean(r.Reason), clean(r.Detail)
		kind := "record"
		if r.Page {
			kind = "page"
		}
		k := [5]string{kind, t.Group, r.ActionID, r.Reason, string(r.RawHash)}
		if f := seen[k]; f != nil {
			f.times++
			return
		}
		f := &fault{t, r, 1}
		seen[k] = f
		if r.Page {
			pages = append(pages, f)
		} else {
			records = append(records, f)
		}
	}
	for _, it := range rests {
		for _, r := range it.batch.Rejects {
			add(it.batch.Target, r)
		}
		for _, r := range it.refused {
			add(it.batch.Target, r)
		}
	}
	for i := range a.changes {
		ch := &a.changes[i]
		if ch.row == nil {
			continue
		}
		for _, f := range ch.chosen.seen.Faults {
			add(ch.chosen.item.batch.Target, ingest.Reject{
				ActionID: ch.key.action, Reason: "field:" + f.Field, Detail: f.Problem, Raw: ch.row.Raw,
			})
		}
	}
	return records, pages
}

// queueFaults adds the statements that quarantine them to b; what was made or
// counted is added to a once b is read.
func queueFaults(b *pgx.Batch, at time.Time, a *attempt, rests []*item) {
	records, pages := faultsOf(a, rests)
	if a.told {
		pages = nil
	}
	for _, part := range []struct {
		sql    string
		faults []*fault
	}{{quarantineSQL, records}, {quarantinePageSQL, pages}} {
		if len(part.faults) == 0 {
			continue
		}
		b.Queue(part.sql, faultArrays(at, part.faults)).Query(func(rows pgx.Rows) error {
			counts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (n faultCount, err error) {
				return n, row.Scan(&n.source, &n.reason, &n.times)
			})
			a.faults = append(a.faults, counts...)
			return err
		})
	}
}

func faultArrays(at time.Time, faults []*fault) pgx.NamedArgs {
	return pgx.NamedArgs{
		"recorded_at": at,
		"projects":    column(faults, func(f *fault) string { return f.target.Project }),
		"sources":     column(faults, func(f *fault) string { return f.target.Source }),
		"groups":      column(faults, func(f *fault) string { return f.target.Group }),
		"actions":     column(faults, func(f *fault) *string { return filled(f.reject.ActionID) }),
		"reasons":     column(faults, func(f *fault) string { return f.reject.Reason }),
		"details":     column(faults, func(f *fault) *string { return filled(f.reject.Detail) }),
		"raws":        column(faults, func(f *fault) []byte { return f.reject.Raw }),
		"raw_hashes":  column(faults, func(f *fault) []byte { return f.reject.RawHash }),
		"froms":       column(faults, func(f *fault) *time.Time { return placed(f, f.reject.Place.From) }),
		"tos":         column(faults, func(f *fault) *time.Time { return placed(f, f.reject.Place.To) }),
		"times":       column(faults, func(f *fault) int64 { return f.times }),
	}
}

// placed is nil where nobody knows the place.
func placed(f *fault, at time.Time) *time.Time {
	if f.reject.Place.To.IsZero() {
		return nil
	}
	return &at
}

// queueResolved resolves what has no id, and was not there any more when its
// place was read whole.
func queueResolved(b *pgx.Batch, at time.Time, a *attempt, rests []*item) {
	var proofs []*ingest.Batch
	var groups []string // of the hashes
	var hashes [][]byte
	for _, it := range rests {
		n := it.batch
		if n.Proof == nil || a.outcomes[it].Stale > 0 {
			continue
		}
		proofs = append(proofs, n)
		for _, hash := range n.Proof.Rejects {
			groups, hashes = append(groups, n.Target.Group), append(hashes, hash)
		}
	}
	if len(proofs) == 0 {
		return
	}
	b.Queue(resolveSQL, pgx.NamedArgs{
		"recorded_at": at, "seen_groups": groups, "seen_hashes": hashes,
		"groups": column(proofs, func(n *ingest.Batch) string { return n.Target.Group }),
		"froms":  column(proofs, func(n *ingest.Batch) time.Time { return n.Proof.Span.From }),
		"tos":    column(proofs, func(n *ingest.Batch) time.Time { return n.Proof.Span.To }),
	})
}

// filled is nil for an empty text.
func filled(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// refusal is the quarantine row of an action that Postgres would not take.
func refusal(u unit, err error) ingest.Reject {
	sum := sha256.Sum256(u.seen.Raw)
	return ingest.Reject{
		ActionID: u.seen.ID, Reason: "refused", Detail: fmt.Sprintf("Postgres would not take it: %v", err),
		Raw: u.seen.Raw, RawHash: sum[:],
	}
}
