package main

import (
	"context"
	"fmt"
	"time"

	"aslogd/history"
	"aslogd/sink"
)

type replayCmd struct {
	ToTopic string   `required:"" placeholder:"TOPIC" help:"Where to publish: a topic of your own, which exists."`
	From    Moment   `placeholder:"TIME" help:"Only what was recorded at this time or later (RFC 3339, or an age such as 90d)."`
	To      Moment   `placeholder:"TIME" help:"Only what was recorded before this time."`
	Shard   *int     `placeholder:"N" help:"Only this shard."`
	FromSeq *int64   `placeholder:"N" help:"Only this seq and what follows; with --shard."`
	Group   []string `placeholder:"ID" help:"Only this group; may be repeated, or take commas."`
}

func (replayCmd) Help() string {
	return `Publishes revisions of the journal again to a topic of your own: for a consumer
that must start over, or that wants one group alone. Keys, values and headers are
those of aslogd's own topic, to which it refuses to write. Each shard comes in
the order of seq, up to where its journal ends at the start.

Where the topic has as many partitions as there are shards, a shard is a
partition, as in aslogd's own topic; otherwise a group is where Kafka's Java
client would place its id. Times are those of recorded_at.

Every lot is one transaction, under the transactional id
<prefix>.replay.<topic>. A second replay to the same topic ends the first. Where
one was ended in the middle it says how to go on; what is published twice then
has the same aslogd-shard and aslogd-seq.

Example:

  aslogd replay --to-topic billing.actions --from 2026-03-01T00:00:00Z --group 7a1c…`
}

func (r replayCmd) Run(ctx context.Context, environ Env, to streams) error {
	c, err := Load(environ, "database", "kafka")
	if err != nil {
		return err
	}
	now := time.Now()
	config := sink.ReplayConfig{
		Prefix: c.KafkaTopicPrefix, Topic: r.ToTopic, From: r.From.Time(now), To: r.To.Time(now), Groups: r.Group, Shard: -1,
	}
	if err := r.check(config); err != nil {
		return err
	}
	pool, err := openSchema(ctx, c, "replay")
	if err != nil {
		return err
	}
	defer pool.Close()
	if config.Broker, err = needBroker(c); err != nil {
		return err
	}
	defer config.Broker.Close()
	config.Pool = pool
	if r.Shard != nil {
		shards, err := countShards(ctx, pool)
		if err != nil {
			return err
		}
		if *r.Shard < 0 || *r.Shard >= shards {
			return usageError(fmt.Sprintf("--shard %d: there are %d, from 0", *r.Shard, shards))
		}
		config.Shard = *r.Shard
	}
	if r.FromSeq != nil {
		config.FromSeq = *r.FromSeq
	}
	said := now
	config.Progress = func(p sink.Replayed) {
		if time.Since(said) > 2*time.Second {
			said = time.Now()
			fmt.Fprintf(to.err, "%s published; shard %d at seq %s of %s\n",
				history.Thousands(p.Rows), p.Shard, history.Thousands(p.Seq), history.Thousands(p.Head))
		}
	}
	end := noteOperation(ctx, pool, "replay", r.arguments(), to.err)
	done, err := sink.Replay(ctx, config)
	if err != nil {
		end(fmt.Sprintf("failed after %d revisions: %v", done.Rows, err))
		return err
	}
	end(fmt.Sprintf("done: %d revisions published", done.Rows))
	fmt.Fprintf(to.out, "%s published again to %s\n", count(int(done.Rows), "revision", "revisions"), r.ToTopic)
	return nil
}

// arguments are the flags as they were given.
func (r replayCmd) arguments() map[string]any {
	given := map[string]any{"to_topic": r.ToTopic}
	now := time.Now()
	if from := r.From.Time(now); !from.IsZero() {
		given["from"] = from
	}
	if to := r.To.Time(now); !to.IsZero() {
		given["to"] = to
	}
	if r.Shard != nil {
		given["shard"] = *r.Shard
	}
	if r.FromSeq != nil {
		given["from_seq"] = *r.FromSeq
	}
	if len(r.Group) > 0 {
		given["groups"] = r.Group
	}
	return given
}

// check refuses what is wrong before anything is asked.
func (r replayCmd) check(config sink.ReplayConfig) error {
	switch {
	case sink.OwnTopic(r.ToTopic):
		return usageError(fmt.Sprintf("--to-topic %s: %v", r.ToTopic, sink.ErrOwnTopic))
	case r.FromSeq != nil && r.Shard == nil:
		return usageError("--from-seq counts within a shard: give --shard too")
	case r.FromSeq != nil && *r.FromSeq < 1:
		return usageError("--from-seq begins at 1")
	case !config.From.IsZero() && !config.To.IsZero() && !config.From.Before(config.To):
		return usageError("--from is not before --to")
	}
	return nil
}
