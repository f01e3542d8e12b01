package sink

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/checkpoint"
	"aslogd/sink/broker"
)

var (
	//go:embed sql/replay_head.sql
	replayHeadSQL string
	//go:embed sql/replay_rows.sql
	replayRowsSQL string
)

// A ReplayConfig says what Replay publishes again, and where to. Zero values
// leave nothing out.
type ReplayConfig struct {
	Pool   *pgxpool.Pool
	Broker *broker.Broker
	Prefix string // aslogd's own, for the transactional id
	Topic  string // the caller's

	From, To time.Time // recorded_at in [From, To)
	Groups   []string
	Shard    int   // −1: every shard
	FromSeq  int64 // within Shard

	Progress func(Replayed) // called after each transaction; may be nil
}

// Replayed is how far a replay is.
type Replayed struct {
	Rows  int64
	Shard int   // where it is
	Seq   int64 // the newest that was published of it
	Head  int64 // where its journal ended when the replay began
}

// ErrOwnTopic says that a topic is aslogd's own, where only the relay writes.
var ErrOwnTopic = errors.New("this is a topic of aslogd's own, which mirrors the journal: replay to another")

// OwnTopic reports whether a topic is, by its name, one that some aslogd's relay
// writes: of this prefix, or of any other.
func OwnTopic(name string) bool {
	own := func(topic string) bool { return strings.HasSuffix(name, topic) }
	return own(broker.ActionsTopic("")) || own(broker.LatestTopic(""))
}

// A replay is one under way.
type replay struct {
	ReplayConfig
	partitions int
	shards     int
	limit      int // of a batch, in bytes
	producer   *broker.Producer
	done       Replayed
}

// Replay publishes rows of the journal again: the same key, value and headers as
// in aslogd's own topic, each shard's rows in the order of seq, up to where the
// journal ends as it begins. A shard is a partition where the topic has as many;
// where it has not, a group is where Kafka's Java client would place its id.
// Each lot is one transaction. It changes nothing in Postgres.
func Replay(ctx context.Context, cfg ReplayConfig) (Replayed, error) {
	r := &replay{ReplayConfig: cfg}
	if r.Progress == nil {
		r.Progress = func(Replayed) {}
	}
	err := r.run(ctx)
	return r.done, err
}

func (r *replay) run(ctx context.Context) error {
	if OwnTopic(r.Topic) {
		return fmt.Errorf("replay to %s: %w", r.Topic, ErrOwnTopic)
	}
	heads, err := r.heads(ctx)
	if err != nil {
		return err
	}
	r.shards = len(heads)
	if r.partitions, err = r.Broker.Partitions(ctx, r.Topic); err != nil {
		return err
	}
	if r.partitions == 0 {
		return fmt.Errorf("there is no topic %s: create it first (with %d partitions, as many as there are shards, each shard stays in its own)", r.Topic, r.shards)
	}
	if r.limit, err = r.Broker.Limit(ctx, r.Topic); err != nil {
		return err
	}
	// One id for all replays to a topic: a second one at once ends the first,
	// so that two never mix.
	if r.producer, err = r.Broker.Producer(ctx, r.Prefix+".replay."+r.Topic, time.Minute); err != nil {
		return err
	}
	for shard, head := range heads {
		if r.Shard >= 0 && shard != r.Shard || !r.mayHold(shard) {
			continue
		}
		if err := r.replayShard(ctx, shard, head); err != nil {
			return err
		}
	}
	return nil
}

// heads is where each shard's journal ends.
func (r *replay) heads(ctx context.Context) ([]int64, error) {
	rows, err := r.Pool.Query(ctx, replayHeadSQL)
	if err != nil {
		return nil, fmt.Errorf("read where the journal ends: %w", err)
	}
	var shard, seq int64
	var heads []int64
	_, err = pgx.ForEachRow(rows, []any{&shard, &seq}, func() error {
		heads = append(heads, seq)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read where the journal ends: %w", err)
	}
	return heads, nil
}

// mayHold leaves out the shards that hold none of the groups.
func (r *replay) mayHold(shard int) bool {
	return len(r.Groups) == 0 || slices.ContainsFunc(r.Groups, func(group string) bool {
		return checkpoint.ShardOf(group, r.shards) == shard
	})
}

func (r *replay) replayShard(ctx context.Context, shard int, head int64) error {
	r.done.Shard, r.done.Seq, r.done.Head = shard, 0, head
	if r.Shard >= 0 {
		r.done.Seq = max(0, r.FromSeq-1)
	}
	for {
		rows, err := r.rows(ctx, shard, r.done.Seq, head)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := r.publish(ctx, shard, rows); err != nil {
			return fmt.Errorf("replay shard %d: up to seq %d it is in %s, what follows may be or not; go on with --shard %d --from-seq %d: %w",
				shard, r.done.Seq, r.Topic, shard, rows[0].Seq, err)
		}
	}
}

func (r *replay) rows(ctx context.Context, shard int, after, head int64) ([]*Row, error) {
	const lot, bytes = 1000, 2 << 20
	args := pgx.NamedArgs{
		"shard": shard, "after": after, "until": head, "rows": lot, "bytes": bytes,
		"from": time.Unix(0, 0), "to": time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), "groups": r.Groups,
	}
	if !r.From.IsZero() {
		args["from"] = r.From
	}
	if !r.To.IsZero() {
		args["to"] = r.To
	}
	if r.Groups == nil {
		args["groups"] = []string{}
	}
	rows, err := r.Pool.Query(ctx, replayRowsSQL, args)
	if err != nil {
		return nil, fmt.Errorf("read the journal of shard %d after %d: %w", shard, after, err)
	}
	list, err := scanRows(rows, shard)
	if err != nil {
		return nil, fmt.Errorf("read the journal of shard %d after %d: %w", shard, after, err)
	}
	return list, nil
}

// publish commits a lot: one transaction for each partition that it goes to. A
// group is always in one partition, so its order stands.
func (r *replay) publish(ctx context.Context, shard int, rows []*Row) error {
	packers := make([]packer, r.partitions)
	for i := range packers {
		packers[i] = packer{topic: r.Topic, limit: r.limit}
	}
	list, err := messages(rows, r.limit)
	if err != nil {
		return err
	}
	for i, row := range rows {
		packers[r.place(shard, row)].add(list[i].revision())
	}
	for partition, p := range packers {
		if len(p.done) == 0 {
			continue
		}
		if _, err := r.producer.Publish(ctx, partition, p.done); err != nil {
			if errors.Is(err, broker.ErrFenced) {
				return fmt.Errorf("another replay to %s has begun: %w", r.Topic, err)
			}
			return err
		}
	}
	r.done.Seq = rows[len(rows)-1].Seq
	r.done.Rows += int64(len(rows))
	r.Progress(r.done)
	return nil
}

func (r *replay) place(shard int, row *Row) int {
	if r.partitions == r.shards {
		return shard
	}
	return checkpoint.ShardOf(row.GroupID, r.partitions)
}
