package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/migrations"
	"aslogd/sink/broker"
)

// openSchema connects to a database that has the schema of this release.
func openSchema(ctx context.Context, c *Config, incarnation string) (*pgxpool.Pool, error) {
	pool, err := newPool(ctx, c, incarnation)
	if err != nil {
		return nil, err
	}
	state, err := migrations.Check(ctx, pool)
	if err == nil && state == migrations.Missing {
		err = errors.New("there is no schema aslog in this database: run `aslogd migrate`")
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// needBroker is newBroker for a command that is nothing without brokers.
func needBroker(c *Config) (*broker.Broker, error) {
	b, err := newBroker(c)
	if err == nil && b == nil {
		err = Faults{{Variable: Prefix + "KAFKA_BROKERS", Problem: "required for this command", part: "kafka"}}
	}
	return b, err
}

func countShards(ctx context.Context, pool *pgxpool.Pool) (shards int, err error) {
	if err := pool.QueryRow(ctx, "SELECT shards FROM aslog.schema_info").Scan(&shards); err != nil {
		return 0, fmt.Errorf("ask how many shards there are: %w", err)
	}
	return shards, nil
}
