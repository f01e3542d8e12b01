package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aslogd/bench/ground"
	"aslogd/bench/report"
)

// A handover is what became of the shards of a daemon that ended.
type handover struct {
	name, signal       string
	shards             int
	claimed, committed time.Duration // from the signal until the last of them
}

// turnsSQL makes Postgres note each claim of a shard, and each commit, which
// leaves a name of its own in the shard's row: exact, whatever comes between two
// looks. Only hand-overs are measured with it.
const turnsSQL = `CREATE SCHEMA bench;
CREATE TABLE bench.turn (shard bigint, epoch bigint, committed boolean, at timestamptz);
CREATE FUNCTION bench.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.epoch > OLD.epoch OR NEW.head_commit IS DISTINCT FROM OLD.head_commit THEN
        INSERT INTO bench.turn VALUES (NEW.shard, NEW.epoch, NEW.epoch = OLD.epoch, clock_timestamp());
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER UPDATE ON aslog.shard_head FOR EACH ROW EXECUTE FUNCTION bench.note()`

// handover kills one of the daemons, puts another in its place, and asks one to end.
func (o *options) handover(ctx context.Context, g *ground.Ground, daemons, shards int) (list []handover, err error) {
	fmt.Printf("%d daemons on %d shards hand over …\n", daemons, shards)
	settings := []string{fmt.Sprintf("ASLOGD_SHARDS=%d", shards), "ASLOGD_LEASE_TTL=" + o.ttl.String(), "ASLOGD_POLL_INTERVAL=1s"}
	place, err := g.Place(ctx, settings...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, place.Drop(ctx)) }()
	if _, err := place.DB.Exec(ctx, turnsSQL); err != nil {
		return nil, fmt.Errorf("have Postgres note the claims and commits: %w", err)
	}
	cloud, err := g.Cloud(ctx, o.groups, 20, "--live", fmt.Sprint(o.rate), "--lasting", "8s")
	if err != nil {
		return nil, err
	}
	defer cloud.Stop()
	f := &fleet{ground: g, place: place, cloud: cloud, shards: shards, settings: settings}
	defer f.stop()
	for _, signal := range []string{"SIGKILL", "SIGTERM"} {
		if err := f.join(ctx, daemons-len(f.members)); err != nil {
			return nil, err
		}
		if _, err := f.spread(ctx, false); err != nil {
			return nil, err
		}
		if err := place.Covered(ctx, "source0", o.groups); err != nil {
			return nil, err
		}
		h, err := f.end(ctx, signal)
		if err != nil {
			return nil, fmt.Errorf("after %s: %w", signal, err)
		}
		h.name = fmt.Sprintf("%d on %d", daemons, shards)
		list = append(list, h)
	}
	return list, nil
}

// end ends the first daemon, and waits until all its shards are others'.
func (f *fleet) end(ctx context.Context, signal string) (h handover, err error) {
	victim := f.members[0]
	h.signal = signal
	var shards, epochs []int64
	const heldSQL = "SELECT array_agg(shard ORDER BY shard), array_agg(epoch ORDER BY shard) FROM aslog.shard WHERE instance = $1"
	if err := f.place.DB.QueryRow(ctx, heldSQL, victim.name).Scan(&shards, &epochs); err != nil {
		return h, fmt.Errorf("ask what %s holds: %w", victim.name, err)
	}
	h.shards = len(shards)
	at := time.Now()
	if signal == "SIGKILL" {
		victim.Kill()
	} else {
		victim.Stop()
	}
	f.members = f.members[1:]
	// The first claim of each shard since then, and the first commit of those
	// that have groups.
	const sinceSQL = `SELECT count(*) FILTER (WHERE claimed IS NULL OR reads AND committed IS NULL), max(claimed), max(committed) FILTER (WHERE reads)
		FROM (SELECT h.shard, h.shard IN (SELECT shard FROM aslog.scaling_group) AS reads,
		             min(t.at) FILTER (WHERE NOT t.committed) AS claimed, min(t.at) FILTER (WHERE t.committed) AS committed
		      FROM unnest($1::bigint[], $2::bigint[]) AS h (shard, epoch)
		      LEFT JOIN bench.turn t ON t.shard = h.shard AND t.epoch > h.epoch GROUP BY h.shard) AS since`
	for {
		var missing int
		var claimed, committed *time.Time
		if err := f.place.DB.QueryRow(ctx, sinceSQL, shards, epochs).Scan(&missing, &claimed, &committed); err != nil {
			return h, fmt.Errorf("ask whose the shards are: %w", err)
		}
		if missing == 0 && claimed != nil && committed != nil {
			h.claimed, h.committed = claimed.Sub(at), committed.Sub(at)
			return h, nil
		}
		if err := ground.Pause(ctx, 100*time.Millisecond); err != nil {
			return h, fmt.Errorf("%d of %d shards are nobody's, or still: %w", missing, h.shards, err)
		}
	}
}

func (h *handover) add(t *report.Table, ttl time.Duration) {
	part := func(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()/ttl.Seconds()) }
	t.Add(h.name, h.signal, h.shards, fmt.Sprintf("%.2f", h.claimed.Seconds()), part(h.claimed), fmt.Sprintf("%.2f", h.committed.Seconds()), part(h.committed))
}
