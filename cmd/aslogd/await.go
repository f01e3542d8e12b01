package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"aslogd/history"
	"aslogd/migrations"
	"aslogd/sink/broker"
)

// awaitSchema waits until Postgres answers and has a schema that this binary
// can use. It says once what it waits for, and then once a minute.
func (d *daemon) awaitSchema(ctx context.Context) error {
	said, at := "", time.Time{}
	for {
		cause, why, err := d.schemaMissing(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if why == "" {
			if said != "" {
				d.log.Info().Msg("Postgres answers, and the schema is there")
			}
			return nil
		}
		d.health.wait(cause, why)
		if kind, _, _ := strings.Cut(why, ":"); kind != said || time.Since(at) > time.Minute {
			d.log.Warn().Msg(why)
			said, at = kind, time.Now()
		}
		if !sleep(ctx, time.Second) {
			return nil
		}
	}
}

// schemaMissing says what the daemon still has to wait for; nothing when it may
// begin. Its error is for good.
func (d *daemon) schemaMissing(ctx context.Context) (cause history.Cause, why string, err error) {
	ask, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	state, err := migrations.Check(ask, d.pool)
	switch {
	case err != nil:
		return history.PostgresAway, fmt.Sprintf("Postgres does not answer, trying on: %v", err), nil
	case state == migrations.TooNew:
		return "", "", errors.New(state.String())
	case state == migrations.Older:
		return history.SchemaOlder, state.String(), nil
	case state != migrations.OK:
		return history.SchemaMissing, state.String(), nil
	}
	shards, err := migrations.Shards(ask, d.pool)
	if err != nil {
		return history.PostgresAway, fmt.Sprintf("Postgres does not answer, trying on: %v", err), nil
	}
	if shards != d.config.Shards {
		wrong := &migrations.ShardsError{Have: shards, Want: d.config.Shards}
		return "", "", Faults{{Variable: Prefix + "SHARDS", Problem: wrong.Error()}}
	}
	return "", "", nil
}

// refuseTopics ends a daemon whose topics can never fit, before it begins. Where
// it has published already, partitions were added since: then each shard's relay
// stands still and says so, but reading and committing go on, as they do without
// brokers that answer.
func (d *daemon) refuseTopics(ctx context.Context) error {
	if d.broker == nil {
		return nil
	}
	err := d.askTopics(ctx)
	var partitions *broker.Partitions
	if !errors.As(err, &partitions) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var published bool
	if d.pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM aslog.shard_published WHERE topic = $1 AND published_seq > 0)",
		broker.ActionsTopic(d.config.KafkaTopicPrefix)).Scan(&published) != nil || published {
		return nil
	}
	return err
}

// watchTopics keeps asking, so that /readyz can say what is wrong with Kafka.
func (d *daemon) watchTopics(ctx context.Context) {
	for sleep(ctx, 15*time.Second) {
		_ = d.askTopics(ctx) // it has said so
	}
}

func (d *daemon) askTopics(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return d.lookAtTopics(ctx)
}

func (d *daemon) lookAtTopics(ctx context.Context) error {
	const lasting = 45 * time.Second // three looks
	missing, err := d.broker.CheckTopics(ctx, d.config.KafkaTopicPrefix, d.config.Shards)
	var partitions *broker.Partitions
	switch {
	case errors.As(err, &partitions):
		if d.kafka.due("partitions") {
			d.log.Error().Err(err).Msg("nothing is published; the journal keeps everything")
		}
		d.health.degrade(history.NewTrouble(history.TopicsMisfit, "Kafka", err.Error()), lasting)
	case err != nil:
		if ctx.Err() != context.Canceled && d.kafka.due("away") {
			d.log.Warn().Err(err).Msg("Kafka does not answer: the journal keeps everything until it does")
		}
		d.health.degrade(history.NewTrouble(history.KafkaAway, "Kafka", err.Error()), lasting)
	case len(missing) > 0:
		names := strings.Join(missing, ", ")
		if d.kafka.due("topics") {
			d.log.Warn().Str("topics", names).Msg("topics are missing: run aslogd migrate; the journal keeps everything until then")
		}
		d.health.degrade(history.NewTrouble(history.TopicsMissing, "Kafka", "no topic "+names), lasting)
	default:
		if d.kafka.what != "" && d.kafka.due("") {
			d.log.Info().Msg("Kafka answers, and the topics are there")
		}
		d.health.recover("Kafka")
	}
	return err
}

// sleep waits; false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
