package checkpoint

import (
	"context"
	_ "embed"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

var (
	//go:embed sql/groups.sql
	groupsSQL string
	//go:embed sql/open_actions.sql
	openActionsSQL string
)

// A Store knows the groups of a source, and how far each has been read.
type Store struct {
	Pool *pgxpool.Pool

	mu   sync.Mutex
	told map[string]telling // by group
}

// A telling is what was last told of a group.
type telling struct {
	at     time.Time // its changed_at
	named  bool      // it is to be read, so a worker has what is open in it,
	source string    // if this is one that is read here
}

// SourceShard is the shard whose owner reads the source's group list.
func SourceShard(source string, shards int) int { return ShardOf(source, shards) }

// Groups are all groups of the shard, living and gone, by id.
func (s *Store) Groups(ctx context.Context, shard int) ([]Group, error) {
	groups, at, _, err := s.read(ctx, shard, nil)
	if err != nil {
		return nil, fmt.Errorf("read the groups of shard %d: %w", shard, err)
	}
	s.tell(groups, at)
	return groups, nil
}

// lookBack is how much longer than a list's transaction may take to become
// visible after its changed_at.
const lookBack = 10 * time.Second

// News are the groups of the shard that were found, hinted at, found to be gone,
// found back, or named otherwise in the configuration, since the now of the call
// before; the zero time asks for all. What happens once is returned once, even
// where a list's transaction became visible late; only a Store that is new may
// repeat the last seconds. What is open comes with a group that was not told
// before, or last as one that is not named, or of another source.
func (s *Store) News(ctx context.Context, shard int, since time.Time) (changed []Group, now time.Time, err error) {
	from := since
	if !since.IsZero() {
		from = since.Add(-lookBack)
	}
	groups, at, now, err := s.read(ctx, shard, &from)
	if err != nil {
		return nil, since, fmt.Errorf("read the news of shard %d: %w", shard, err)
	}
	groups, at, strange := s.untold(groups, at, since)
	if len(strange) > 0 {
		rows, err := s.Pool.Query(ctx, openActionsSQL, pgx.NamedArgs{"shard": shard, "groups": strange})
		if err == nil {
			err = scanOpen(rows, groups)
		}
		if err != nil {
			return nil, since, fmt.Errorf("read what is open in new groups of shard %d: %w", shard, err)
		}
	}
	s.tell(groups, at)
	return groups, now, nil
}

// untold are the groups that were not told as they stand, with the changed_at of
// each, and which of them no worker can know: mostly none. The others' workers
// know best what is open.
func (s *Store) untold(groups []Group, at []time.Time, since time.Time) (changed []Group, times []time.Time, strange []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, g := range groups {
		told := s.told[g.ID]
		if at[i].Before(since) && told.at.Equal(at[i]) {
			continue
		}
		changed, times = append(changed, g), append(times, at[i])
		if since.IsZero() || !told.named || told.source != g.Source {
			strange = append(strange, g.ID)
		}
	}
	return changed, times, strange
}

func (s *Store) tell(groups []Group, at []time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told == nil {
		s.told = map[string]telling{}
	}
	for i, g := range groups {
		s.told[g.ID] = telling{at[i], !g.Unnamed, g.Source}
	}
}

// read returns groups, the changed_at of each, and Postgres's clock as it was
// before it looked; what is open in them where it was asked for all.
func (s *Store) read(ctx context.Context, shard int, since *time.Time) (groups []Group, at []time.Time, now time.Time, err error) {
	args := pgx.NamedArgs{"shard": shard, "changed_since": since, "groups": nil}
	batch := &pgx.Batch{}
	batch.Queue("SELECT clock_timestamp()").QueryRow(func(row pgx.Row) error { return row.Scan(&now) })
	batch.Queue(groupsSQL, args).Query(func(rows pgx.Rows) (err error) {
		groups, at, err = scanGroups(rows)
		return err
	})
	if since == nil {
		batch.Queue(openActionsSQL, args).Query(func(rows pgx.Rows) error { return scanOpen(rows, groups) })
	}
	if err := s.Pool.SendBatch(ctx, batch).Close(); err != nil {
		return nil, nil, now, err
	}
	return groups, at, now, nil
}

func scanGroups(rows pgx.Rows) (groups []Group, at []time.Time, err error) {
	var (
		g             Group
		changed       time.Time
		from, tail    *time.Time
		covered, lost Multirange
		lostGone      Multirange
		age, lateness *time.Duration
		lateAt        *time.Time
		stages        []int64 // in microseconds
		reached       []time.Time
		newest        *time.Time
	)
	_, err = pgx.ForEachRow(rows, []any{
		&g.ID, &g.Project, &g.Source, &g.Name, &g.Shard, &g.Created, &g.Seen,
		&g.Scaling, &g.HintedAt, &g.GoneAt, &g.Unnamed, &changed,
		&g.Known, &from, &tail, &covered, &lost, &lostGone, &g.Oldest, &age, &lateness, &lateAt, &g.Parked, &stages, &reached, &newest,
	}, func() error {
		found := g
		if newest != nil {
			found.Newest = *newest
		}
		if g.Known {
			found.From, found.TailFrom, found.Age, found.Lateness, found.LateAt = *from, *tail, *age, *lateness, *lateAt
			found.Covered, found.Lost, found.LostGone = FromMultirange(covered), FromMultirange(lost), FromMultirange(lostGone)
			found.Settled = make(map[time.Duration]time.Time, len(stages))
			for i, stage := range stages {
				found.Settled[time.Duration(stage)*time.Microsecond] = reached[i].UTC()
			}
		}
		groups = append(groups, found)
		at = append(at, changed)
		return nil
	})
	return groups, at, err
}

// scanOpen gives each group its open actions; both lists are sorted by group.
func scanOpen(rows pgx.Rows, groups []Group) error {
	var group string
	var o Open
	i := 0
	_, err := pgx.ForEachRow(rows, []any{&group, &o.ID, &o.Start, &o.Seen}, func() error {
		for i < len(groups) && groups[i].ID < group {
			i++
		}
		if i < len(groups) && groups[i].ID == group {
			groups[i].Open = append(groups[i].Open, o)
		}
		return nil
	})
	return err
}
