package ground

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/jackc/pgx/v5"
)

// A Place is a migrated database and a topic prefix, both fresh.
type Place struct {
	DatabaseURL string
	Prefix      string
	DB          *pgx.Conn // to look at it with
	server      string
	name        string
}

// Place makes a fresh one. The settings are the daemon's, as NAME=value.
func (g *Ground) Place(ctx context.Context, settings ...string) (*Place, error) {
	g.number++
	p := &Place{name: fmt.Sprintf("bench_%d_%d", os.Getpid(), g.number), server: g.server}
	p.Prefix = p.name
	admin, err := pgx.Connect(ctx, g.server)
	if err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	defer admin.Close(ctx)
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+p.name); err != nil {
		return nil, fmt.Errorf("create a database: %w", err)
	}
	c := admin.Config()
	p.DatabaseURL = fmt.Sprintf("postgres://%s:%s@%s:%d/%s?sslmode=disable", c.User, c.Password, c.Host, c.Port, p.name)
	migrate := exec.CommandContext(ctx, g.Binary, "migrate")
	migrate.Env = g.environ(p, settings)
	if out, err := migrate.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("migrate: %w\n%s", err, out)
	}
	if p.DB, err = pgx.Connect(ctx, p.DatabaseURL); err != nil {
		return nil, fmt.Errorf("connect to the new database: %w", err)
	}
	// What earlier measurements left to write is written now, not later.
	if _, err := p.DB.Exec(ctx, "CHECKPOINT"); err != nil {
		return nil, fmt.Errorf("have Postgres write what is left: %w", err)
	}
	return p, nil
}

func (g *Ground) environ(p *Place, settings []string) []string {
	environ := append(os.Environ(), "ASLOGD_DATABASE_URL="+p.DatabaseURL, "ASLOGD_KAFKA_BROKERS="+g.Kafka,
		"ASLOGD_KAFKA_TOPIC_PREFIX="+p.Prefix, "ASLOGD_LOG_LEVEL=warn")
	return append(environ, settings...)
}

// Drop removes the database. Its topics go with Kafka, which is temporary too.
func (p *Place) Drop(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	closed := p.DB.Close(ctx)
	admin, err := pgx.Connect(ctx, p.server)
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer admin.Close(ctx)
	_, err = admin.Exec(ctx, "DROP DATABASE "+p.name+" WITH (FORCE)")
	return errors.Join(closed, err)
}
