package sink

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"aslogd/ingest/action"
)

var (
	//go:embed sql/commit_stored_raw.sql
	storedRawSQL string
	//go:embed sql/commit_earlier_raw.sql
	earlierRawSQL string
)

// earlierReach is how many journal rows are looked at for earlier payloads, for
// all actions of a commit together: less than a second's work.
const earlierReach = 50_000

// foreign reports whether a hash was made under another normal form.
func foreign(hash []byte) bool { return len(hash) > 0 && hash[0] != action.Form }

// rehash hashes the stored text of those actions again whose hash was made
// under another normal form, so that a new release takes nothing for changed
// that only it sees differently. A text that is nowhere any more, or cannot be
// read under this form, counts as the answer that came.
func (c *Committer) rehash(ctx context.Context, tx pgx.Tx, p *plan, stored map[key]*state) (map[key][]byte, error) {
	again := map[key][]byte{}
	var keys []key
	for _, k := range p.keys {
		answers := p.answers[k]
		if s := stored[k]; s != nil && foreign(s.hash) {
			again[k] = answers[len(answers)-1].seen.Hash
			keys = append(keys, k)
		}
	}
	err := c.normalised(ctx, tx, storedRawSQL, keys, func(k key, hash []byte) { again[k] = hash })
	if err != nil {
		return nil, err
	}
	return again, c.rehashEarlier(ctx, tx, p, stored, again)
}

// rehashEarlier does the same for the payloads before, or a lagging replica's
// would be taken for a new one. They lie in the journal, which has no index by
// action: so only for those actions that are answered differently now and had
// earlier payloads, which after an upgrade are few; and only so far back, for the
// shard is locked meanwhile. What lies further back is not known: shown again,
// it makes one more revision, and nothing is lost.
func (c *Committer) rehashEarlier(ctx context.Context, tx pgx.Tx, p *plan, stored map[key]*state, again map[key][]byte) error {
	var keys []key
	for _, k := range p.keys {
		s := stored[k]
		if s == nil || !containsForeign(s.earlier) {
			continue
		}
		present := s.hash
		if hash, ok := again[k]; ok {
			present = hash
		}
		for _, u := range p.answers[k] {
			if string(u.seen.Hash) != string(present) {
				keys = append(keys, k)
				break
			}
		}
	}
	return c.normalised(ctx, tx, earlierRawSQL, keys, func(k key, hash []byte) {
		s := stored[k]
		s.earlier = append(s.earlier, hash)
	})
}

func containsForeign(hashes [][]byte) bool {
	for _, h := range hashes {
		if foreign(h) {
			return true
		}
	}
	return false
}

// normalised hands take the hash, under this release's normal form, of each
// text that the query finds of these actions.
func (c *Committer) normalised(ctx context.Context, tx pgx.Tx, sql string, keys []key, take func(key, []byte)) error {
	if len(keys) == 0 {
		return nil
	}
	groups, actions := columns(keys)
	rows, err := tx.Query(ctx, sql, pgx.NamedArgs{
		"groups": groups, "actions": actions, "reach": max(c.reach/len(keys), 1),
	})
	if err != nil {
		return fmt.Errorf("read %d records of another normal form: %w", len(keys), err)
	}
	var k key
	var raw []byte
	_, err = pgx.ForEachRow(rows, []any{&k.group, &k.action, &raw}, func() error {
		if hash, err := c.normalise(raw); err == nil {
			take(k, hash)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read %d records of another normal form: %w", len(keys), err)
	}
	return nil
}
