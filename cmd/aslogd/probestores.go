package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"aslogd/migrations"
	"aslogd/sink/broker"
)

// askStores compares what Postgres knows to be published with what the topic
// holds, as far as that can be seen without taking a shard: the cluster, and
// where each partition ends.
func (c *Config) askStores(ctx context.Context) error {
	pool, err := newPool(ctx, c, "config-check")
	if err != nil {
		return err
	}
	defer pool.Close()
	if state, err := migrations.Check(ctx, pool); err != nil || state != migrations.OK {
		return errors.New("not compared: Postgres is not ready")
	}
	b, err := newBroker(c)
	if err != nil {
		return err
	}
	defer b.Close()
	cluster, err := b.Cluster(ctx)
	if err != nil {
		return err
	}
	topic := broker.ActionsTopic(c.KafkaTopicPrefix)
	rows, err := pool.Query(ctx, `SELECT shard, CASE WHEN coalesce(stopped_topic, $1) = $1 THEN coalesce(stopped, '') ELSE '' END, coalesce(cluster_id, ''), published_seq, coalesce(log_offset, -1)
		FROM aslog.shard_published WHERE stopped IS NOT NULL AND coalesce(stopped_topic, $1) = $1 OR topic = $1 AND published_seq > 0 ORDER BY shard`, topic)
	if err != nil {
		return fmt.Errorf("read what is published: %w", err)
	}
	var wrong []string
	var shard int
	var stopped, known string
	var seq, offset int64
	_, err = pgx.ForEachRow(rows, []any{&shard, &stopped, &known, &seq, &offset}, func() error {
		switch {
		case stopped != "":
			wrong = append(wrong, fmt.Sprintf("shard %d stands still: %s", shard, stopped))
			return nil
		case known != "" && cluster != "" && known != cluster:
			wrong = append(wrong, fmt.Sprintf("shard %d was published up to seq %d in Kafka cluster %s, but this is cluster %s", shard, seq, known, cluster))
			return nil
		}
		end, err := b.End(ctx, topic, shard)
		if err == nil && offset >= end {
			wrong = append(wrong, fmt.Sprintf("%s/%d ends at offset %d, but seq %d was acknowledged at offset %d", topic, shard, end, seq, offset))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("compare what is published: %w", err)
	}
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "\n        ") + "\n        see docs/operations.md, When stores disagree")
	}
	return nil
}
