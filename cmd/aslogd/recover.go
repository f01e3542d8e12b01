package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"aslogd/checkpoint"
	"aslogd/history"
	"aslogd/sink"
	"aslogd/sink/broker"
)

type recoverCmd struct {
	FromTopic bool `required:"" help:"Bring back what aslogd's own topic holds and the journal lacks."`
}

func (recoverCmd) Help() string {
	return `For a Postgres that was restored to an older state, or a standby that was promoted
before it had everything: the topic then holds revisions that the journal lacks,
and their shards stand still. This reads the topic beyond each shard's journal and
brings the rows back, byte for byte and under their own seq, and the tables with
them. Each row must follow from the one before by the hash chain; where one does
not, it stops at that row and says so. Running it again is harmless.

Stop every daemon first: a shard that a living one holds is refused. Where a
daemon ended without a word, its shards are watched for one ASLOGD_LEASE_TTL.

What was proved of a group is taken back from the oldest action on that came
back, so that the daemon reads there again, which repeats nothing: revisions that
were stored and not yet published when Postgres went back come from the API anew.

Exit 3: something cannot be brought back (a record too large for the topic went
out without its raw text; topic and journal tell different stories). Exit 1: a
shard is held by a living daemon, or something failed; the others are done.

Example:

  aslogd recover --from-topic`
}

func (recoverCmd) Run(ctx context.Context, environ Env, to streams) error {
	c, err := Load(environ, "database", "kafka", "daemon")
	if err != nil {
		return err
	}
	incarnation := newIncarnation(c.Instance)
	pool, err := openSchema(ctx, c, incarnation)
	if err != nil {
		return err
	}
	defer pool.Close()
	b, err := needBroker(c)
	if err != nil {
		return err
	}
	defer b.Close()
	shards, err := countShards(ctx, pool)
	if err != nil {
		return err
	}
	if err := checkTopics(ctx, c, b, shards); err != nil {
		return err
	}
	all := make([]int, shards)
	for i := range all {
		all[i] = i
	}
	var failed, found []string
	var rows int64
	end := noteOperation(ctx, pool, "recover", map[string]any{"from_topic": broker.ActionsTopic(c.KafkaTopicPrefix)}, to.err)
	visit := &checkpoint.Visit{Pool: pool, Instance: "recover on " + c.Instance, Incarnation: incarnation, TTL: c.LeaseTTL}
	fmt.Fprintf(to.err, "looking who holds the shards; a silent owner is watched for %v\n", c.LeaseTTL)
	err = visit.Run(ctx, all, func(ctx context.Context, shard int, lease checkpoint.Lease, err error) error {
		var held *checkpoint.Held
		switch {
		case errors.As(err, &held):
			failed = append(failed, err.Error()+": stop the daemon and run this again")
			return nil
		case err != nil:
			failed = append(failed, err.Error())
			return nil
		}
		said := time.Now()
		done, err := sink.Recover(ctx, sink.RecoverConfig{
			Pool: pool, Lease: lease, Broker: b, Prefix: c.KafkaTopicPrefix, TransactionTimeout: max(c.LeaseTTL, 10*time.Second),
			Progress: func(seq, _ int64) {
				if time.Since(said) > 2*time.Second {
					said = time.Now()
					fmt.Fprintf(to.err, "shard %d: back up to seq %s\n", shard, history.Thousands(seq))
				}
			},
		})
		fmt.Fprintln(to.out, recoveredWords(done))
		if done.Last > 0 {
			rows += done.Last - done.First + 1
		}
		var fork *sink.Fork
		switch {
		case errors.As(err, &fork):
			found = append(found, fork.What)
		case err != nil && ctx.Err() == nil:
			failed = append(failed, err.Error())
		case err != nil:
			return err
		}
		return nil
	})
	switch {
	case err != nil:
	case len(failed) > 0:
		err = errors.New(strings.Join(append(failed, found...), "\n  "))
	case len(found) > 0:
		err = foundError("not everything can be brought back:\n  " + strings.Join(found, "\n  "))
	}
	outcome := "done"
	if err != nil {
		outcome = err.Error()
	}
	end(fmt.Sprintf("%s; %d revisions brought back", outcome, rows))
	return err
}

func recoveredWords(r sink.Recovered) string {
	if r.Last == 0 {
		return fmt.Sprintf("shard %d: nothing brought back; the journal ends at seq %d, the topic's newest is %d", r.Shard, r.Head, r.Topic)
	}
	return fmt.Sprintf("shard %d: brought back seq %d to %d, of %s", r.Shard, r.First, r.Last, count(r.Groups, "group", "groups"))
}

// checkTopics makes sure that partition and shard are the same thing.
func checkTopics(ctx context.Context, c *Config, b *broker.Broker, shards int) error {
	missing, err := b.CheckTopics(ctx, c.KafkaTopicPrefix, shards)
	var partitions *broker.Partitions
	if err != nil && !errors.As(err, &partitions) {
		return err
	}
	if len(missing) > 0 {
		return fmt.Errorf("there is no topic %s to recover from", strings.Join(missing, ", nor "))
	}
	return nil
}
