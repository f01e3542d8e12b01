package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"aslogd/migrations"
)

// A probe reaches one service, with a call that changes nothing.
type probe struct {
	what string
	ask  func(context.Context) error
}

// probes are what `config --check` tries, one for each service.
func probes(c *Config) []probe {
	list := []probe{{"Postgres", c.askPostgres}}
	if len(c.KafkaBrokers) > 0 {
		list = append(list, probe{"Kafka", c.askKafka}, probe{"journal and topic", c.askStores})
	}
	for i := range c.Sources {
		s := &c.Sources[i]
		list = append(list, probe{"source " + s.Name + " (IAM and AS)", func(ctx context.Context) error {
			client, err := newClient(s, nil, nil, nil, nil)
			if err != nil {
				return err
			}
			defer client.Close()
			return client.Check(ctx)
		}})
	}
	for i := range list {
		ask := list[i].ask
		list[i].ask = func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
			defer cancel()
			return ask(ctx)
		}
	}
	return list
}

// What the daemon does to each table.
var neededRights = map[string]string{
	"journal": "SELECT, INSERT", "scaling_action": "SELECT, INSERT, UPDATE", "scaling_action_instance": "INSERT, DELETE",
	"scaling_action_load_balancer": "INSERT, DELETE", "scaling_action_reason": "INSERT, DELETE",
	"checkpoint": "SELECT, INSERT, UPDATE", "scaling_group": "SELECT, INSERT, UPDATE", "shard_head": "SELECT, UPDATE",
	"shard_published": "SELECT, UPDATE", "replica": "SELECT, INSERT, UPDATE, DELETE", "budget": "SELECT, INSERT, UPDATE",
	"quarantine": "SELECT, INSERT, UPDATE", "scan": "INSERT",
}

func (c *Config) askPostgres(ctx context.Context) error {
	pool, err := newPool(ctx, c, "config-check")
	if err != nil {
		return err
	}
	defer pool.Close()
	state, err := migrations.Check(ctx, pool)
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) && pg.Code == "42501" { // insufficient_privilege
		return fmt.Errorf("%w: grant this role aslogd_writer", err)
	}
	if err != nil {
		return err
	}
	switch state {
	case migrations.Missing, migrations.Older:
		return fmt.Errorf("reached, but %v", state)
	case migrations.TooNew:
		return fmt.Errorf("%v", state)
	}
	shards, err := migrations.Shards(ctx, pool)
	if err != nil {
		return err
	}
	if shards != c.Shards {
		return &migrations.ShardsError{Have: shards, Want: c.Shards}
	}
	var missing []string
	for table, rights := range neededRights {
		for right := range strings.SplitSeq(rights, ", ") {
			var has bool
			if err := pool.QueryRow(ctx, "SELECT has_table_privilege('aslog.' || $1, $2)", table, right).Scan(&has); err != nil {
				return fmt.Errorf("ask for the right to %s aslog.%s: %w", right, table, err)
			}
			if !has {
				missing = append(missing, right+" on aslog."+table)
			}
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("this role lacks %s: grant it aslogd_writer", strings.Join(missing, ", "))
	}
	return nil
}

func (c *Config) askKafka(ctx context.Context) error {
	b, err := newBroker(c)
	if err != nil {
		return err
	}
	defer b.Close()
	missing, err := b.CheckTopics(ctx, c.KafkaTopicPrefix, c.Shards)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return fmt.Errorf("reached, but no topic %s is to be seen: run `aslogd migrate`, or grant this user Describe, Read and Write on it",
			strings.Join(missing, ", "))
	}
	return nil
}
