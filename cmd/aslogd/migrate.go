package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"aslogd/migrations"
	"aslogd/sink/broker"
)

type migrateCmd struct{}

func (migrateCmd) Help() string {
	return `Creates or upgrades the schema aslog with its roles, the shard rows, and, where
ASLOGD_KAFKA_BROKERS is set, the topics. It may be repeated, and run twice at
once. Where it may not create roles or topics it says what an administrator has
to create, and exits 1.

Example:

  ASLOGD_DATABASE_URL=postgres://owner@db/aslog ASLOGD_SHARDS=8 aslogd migrate`
}

func (migrateCmd) Run(ctx context.Context, environ Env, out io.Writer) error {
	c, err := Load(environ, "database", "kafka", "shards", "names")
	if err != nil {
		return err
	}
	url, err := c.DatabaseURL.Reveal()
	if err != nil {
		return fmt.Errorf("read %sDATABASE_URL: %w", Prefix, err)
	}
	applied, err := migrations.Up(ctx, url, c.Shards, out)
	var shards *migrations.ShardsError
	if errors.As(err, &shards) {
		return Faults{{Variable: Prefix + "SHARDS", Problem: shards.Error()}}
	}
	if err != nil {
		return err
	}
	if len(applied) == 0 {
		fmt.Fprintf(out, "schema aslog is up to date, with %s\n", count(c.Shards, "shard", "shards"))
	}
	b, err := newBroker(c)
	if err != nil {
		return err
	}
	if b == nil {
		fmt.Fprintf(out, "no brokers in %sKAFKA_BROKERS: no topics, nothing will be published\n", Prefix)
		return nil
	}
	defer b.Close()
	return makeTopics(ctx, c, b, out)
}

func makeTopics(ctx context.Context, c *Config, b *broker.Broker, out io.Writer) error {
	created, warnings, err := b.EnsureTopics(ctx, c.KafkaTopicPrefix, c.Shards, c.KafkaReplication, time.Duration(c.KafkaRetention))
	for _, name := range created {
		fmt.Fprintf(out, "created topic %s\n", name)
	}
	for _, warning := range warnings {
		fmt.Fprintf(out, "warning: %s\n", warning)
	}
	if err != nil {
		return err
	}
	if len(created) == 0 {
		fmt.Fprintf(out, "topics %s and %s are there, with %s each\n",
			broker.ActionsTopic(c.KafkaTopicPrefix), broker.LatestTopic(c.KafkaTopicPrefix), count(c.Shards, "partition", "partitions"))
	}
	return nil
}
