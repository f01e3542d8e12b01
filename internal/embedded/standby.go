package embedded

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/jackc/pgx/v5"
)

// Standby makes another server from a base backup of this one, and has it follow
// it by streaming replication, asynchronously: what this one acknowledged may be
// lacking there. It has the same users and passwords.
func (pg *PG) Standby(ctx context.Context) (*PG, error) {
	dir, err := os.MkdirTemp("", "aslogd-standby-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the standby: %w", err)
	}
	s := &PG{Version: pg.Version, binaries: pg.binaries, opts: pg.opts, dir: dir, remove: dir}
	if err := s.follow(ctx, pg); err != nil {
		s.Stop()
		return nil, fmt.Errorf("make a standby: %w", err)
	}
	return s, nil
}

// follow copies the data and starts on it. The copy is Postgres's own low-level
// backup, since its binaries may come without pg_basebackup.
func (pg *PG) follow(ctx context.Context, primary *PG) error {
	attr, err := servant(pg.dir)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, primary.URL)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "SELECT pg_backup_start('standby', true)"); err != nil {
		return fmt.Errorf("begin a backup: %w", err)
	}
	data := filepath.Join(pg.dir, "data")
	// Files that vanish meanwhile are no fault: the log replays what they said.
	copied := exec.CommandContext(ctx, "sh", "-c", `mkdir -m 700 "$2" && cd "$1" && { tar --exclude=./postmaster.pid --exclude=./postmaster.opts -cf - . || [ $? = 1 ]; } | tar -xf - -C "$2"`,
		"sh", filepath.Join(primary.dir, "data"), data)
	copied.Dir, copied.SysProcAttr = pg.dir, attr
	if out, err := copied.CombinedOutput(); err != nil {
		return fmt.Errorf("copy the data: %w: %s", err, out)
	}
	var label string
	if err := conn.QueryRow(ctx, "SELECT labelfile FROM pg_backup_stop(false)").Scan(&label); err != nil {
		return fmt.Errorf("end the backup: %w", err)
	}
	u, err := url.Parse(primary.URL)
	if err != nil {
		return fmt.Errorf("read the primary's address: %w", err)
	}
	password, _ := u.User.Password()
	for name, text := range map[string]string{
		"backup_label": label, "standby.signal": "",
		"postgresql.auto.conf": fmt.Sprintf("primary_conninfo = 'host=%s port=%s user=%s password=%s'\n",
			u.Hostname(), u.Port(), u.User.Username(), password),
	} {
		if err := os.WriteFile(filepath.Join(data, name), []byte(text), 0o600); err != nil {
			return err
		}
		if err := own(filepath.Join(data, name), attr); err != nil {
			return err
		}
	}
	if pg.port, err = freePort(); err != nil {
		return err
	}
	u.Host = fmt.Sprintf("127.0.0.1:%d", pg.port)
	pg.URL = u.String()
	return pg.serve(ctx)
}

// Detach has a standby follow no longer: what its primary commits from now on it
// lacks.
func (pg *PG) Detach(ctx context.Context) error {
	if err := pg.asks(ctx, "ALTER SYSTEM SET primary_conninfo = ''"); err != nil {
		return err
	}
	if err := pg.asks(ctx, "SELECT pg_reload_conf()"); err != nil {
		return err
	}
	for {
		err := pg.asks(ctx, "SELECT 1 / (count(*) = 0)::int FROM pg_stat_wal_receiver")
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
}

// Promote makes a standby a primary of its own, with what it has.
func (pg *PG) Promote(ctx context.Context) error {
	return pg.asks(ctx, "SELECT pg_promote(true, 60)")
}

func (pg *PG) asks(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, pg.URL)
	if err != nil {
		return fmt.Errorf("connect to the standby: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}
