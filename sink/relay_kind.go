package sink

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/checkpoint"
)

// A Kind is a way in which stores disagree. It stands in Postgres beside the
// words, so that whoever shows them can say what to do about each.
type Kind string

// The kinds.
const (
	TopicAhead     Kind = "topic_ahead"     // the topic holds rows that the journal lacks
	StoriesDiffer  Kind = "stories_differ"  // the same seq, another row
	TopicAnew      Kind = "topic_anew"      // a topic is another than it was, or lacks records
	OtherCluster   Kind = "other_cluster"   // the brokers are others
	TopicsMisfit   Kind = "topics_misfit"   // partitions are not shards
	JournalDamaged Kind = "journal_damaged" // a row is missing, or was changed
	JournalMoved   Kind = "journal_moved"   // it went back, and nobody has looked at the topic yet
	Recovering     Kind = "recovering"      // recover is at work, or was ended
	NotRecoverable Kind = "not_recoverable" // what recover cannot bring back
)

// Kinds are all of them.
var Kinds = []Kind{TopicAhead, StoriesDiffer, TopicAnew, OtherCluster, TopicsMisfit, JournalDamaged, JournalMoved, Recovering, NotRecoverable}

// GoOn strikes out why a shard stood still, for a daemon that publishes nothing:
// the topic that it was about is nobody's concern then. That the journal is
// damaged stays said: it is so whatever the topic.
func GoOn(ctx context.Context, pool *pgxpool.Pool, lease checkpoint.Lease) error {
	store := relayStore{pool: pool, lease: lease}
	st, err := store.state(ctx)
	if err != nil || st.kind == JournalDamaged {
		return err
	}
	return store.goOn(ctx)
}
