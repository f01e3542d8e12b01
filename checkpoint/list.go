package checkpoint

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

var (
	//go:embed sql/own.sql
	ownSQL string
	//go:embed sql/list_save.sql
	listSaveSQL string
	//go:embed sql/list_missed.sql
	listMissedSQL string
	//go:embed sql/groups_name.sql
	groupsNameSQL string
)

// A ListedGroup is one entry of a source's group list.
type ListedGroup struct {
	ID              string
	Name            *string
	Status          *string
	Current         *int64
	Desire          *int64
	Min             *int64
	Max             *int64
	ConfigurationID *string
	IsScaling       *bool
	Created         *time.Time
	Raw             []byte // as the API sent it
}

// A List is what reading a source's group list came to.
type List struct {
	Source  string
	Project string
	Groups  []ListedGroup
	Told    int // of Groups, the first so many have been saved already; of these ID alone counts
	// Complete says that the list has every group that is to be read: only then
	// does a group that is not in it count as missing, and it is gone when it
	// was missing twice running.
	Complete bool
	Asked    time.Time // when it was asked for, by the earlier of our clock and the server's
}

// A SaveResult is what a list had to say, in groups.
type SaveResult struct {
	New    int // never seen before
	Back   int // were gone
	Hinted int // known, and something began, ended or changed there
	Gone   int // missing from a second complete list
}

// SaveList stores a source's group list, what has not been told of it, in one
// transaction under the source's own shard; ErrLost where that is another's.
//
// A group has news, and its changed_at and hinted_at rise, when it is new or
// back, and when its numbers or is_scaling changed; changed_at alone rises when it
// was another source's.
func (s *Store) SaveList(ctx context.Context, l Lease, list List, shards int) (SaveResult, error) {
	untold := lastEntries(list.Groups[list.Told:])
	var result SaveResult
	err := s.under(ctx, l, func(tx pgx.Tx) error {
		for piece := range slices.Chunk(untold, ListPiece) {
			var r SaveResult
			args := newListColumns(piece, shards).args(list.Source, list.Project)
			if err := tx.QueryRow(ctx, listSaveSQL, args).Scan(&r.New, &r.Back, &r.Hinted); err != nil {
				return err
			}
			result.New, result.Back, result.Hinted = result.New+r.New, result.Back+r.Back, result.Hinted+r.Hinted
		}
		if !list.Complete {
			return nil
		}
		ids := make([]string, 0, len(list.Groups))
		for i := range list.Groups {
			if id := list.Groups[i].ID; takes(id) {
				ids = append(ids, id)
			}
		}
		args := pgx.NamedArgs{"source": list.Source, "project": list.Project, "ids": ids, "asked_at": list.Asked}
		return tx.QueryRow(ctx, listMissedSQL, args).Scan(&result.Gone)
	})
	if err != nil {
		return SaveResult{}, fmt.Errorf("save the group list of %s: %w", list.Source, err)
	}
	return result, nil
}

// NameGroups takes what a source's configuration names: these groups, which
// become known, or all where it names none. The others are kept as they are, and
// not read. It works under the source's own shard; ErrLost where that is
// another's.
func (s *Store) NameGroups(ctx context.Context, l Lease, source, project string, ids []string, shards int) error {
	groups := make([]ListedGroup, len(ids))
	for i, id := range ids {
		groups[i].ID = id
	}
	args := newListColumns(lastEntries(groups), shards).args(source, project)
	err := s.under(ctx, l, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, groupsNameSQL, args)
		return err
	})
	if err != nil {
		return fmt.Errorf("name the groups of %s: %w", source, err)
	}
	return nil
}

// under runs do in a transaction that commits only while the lease holds.
func (s *Store) under(ctx context.Context, l Lease, do func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		own, err := tx.Exec(ctx, ownSQL, pgx.NamedArgs{"shard": l.Shard, "owner": l.Owner, "epoch": l.Epoch})
		if err != nil {
			return fmt.Errorf("lock shard %d: %w", l.Shard, err)
		}
		if own.RowsAffected() == 0 {
			return fmt.Errorf("shard %d, epoch %d: %w", l.Shard, l.Epoch, ErrLost)
		}
		return do(tx)
	})
}

// ListPiece is how many groups one statement takes: with ten thousand at once, what
// goes to Postgres would be held three times over.
const ListPiece = 1000

// lastEntries are a list's groups, each once: of two entries the later counts, as
// two pages of a list that moves may both have it. A group by an id that Postgres
// does not take is left out: it could not be asked for anyway.
func lastEntries(groups []ListedGroup) (kept []ListedGroup) {
	last := make(map[string]int, len(groups))
	for i, g := range groups {
		last[g.ID] = i
	}
	for i, g := range groups {
		if last[g.ID] == i && takes(g.ID) {
			kept = append(kept, g)
		}
	}
	return kept
}

// takes says whether Postgres takes a group's id.
func takes(id string) bool { return id != "" && *storable(&id) == id }

// listColumns is a piece of a list turned on its side, an array a column.
type listColumns struct {
	ids, raws                         []*string
	shards                            []int
	names, statuses, configurations   []*string
	current, desire, minimum, maximum []*int64
	scaling                           []*bool
	created                           []*time.Time
}

func newListColumns(groups []ListedGroup, shards int) *listColumns {
	c := &listColumns{}
	for i, g := range groups {
		c.ids = append(c.ids, &groups[i].ID)
		c.shards = append(c.shards, ShardOf(g.ID, shards))
		c.names = append(c.names, storable(g.Name))
		c.statuses = append(c.statuses, storable(g.Status))
		c.current = append(c.current, g.Current)
		c.desire = append(c.desire, g.Desire)
		c.minimum = append(c.minimum, g.Min)
		c.maximum = append(c.maximum, g.Max)
		c.configurations = append(c.configurations, storable(g.ConfigurationID))
		c.scaling = append(c.scaling, g.IsScaling)
		c.created = append(c.created, g.Created)
		c.raws = append(c.raws, storableJSON(g.Raw))
	}
	return c
}

func (c *listColumns) args(source, project string) pgx.NamedArgs {
	return pgx.NamedArgs{
		"source": source, "project": project,
		"ids": c.ids, "shards": c.shards, "names": c.names, "statuses": c.statuses,
		"current": c.current, "desire": c.desire, "min": c.minimum, "max": c.maximum,
		"configurations": c.configurations, "scaling": c.scaling, "created": c.created, "raws": c.raws,
	}
}

// storable is the text as Postgres takes it: one odd name must not keep a
// whole list from being saved.
func storable(text *string) *string {
	if text == nil {
		return nil
	}
	s := strings.ReplaceAll(strings.ToValidUTF8(*text, "\uFFFD"), "\x00", "\uFFFD")
	return &s
}

// storableJSON is the JSON text if Postgres takes it, nil otherwise.
func storableJSON(raw []byte) *string {
	const deepest = 200
	if !json.Valid(raw) || !utf8.Valid(raw) {
		return nil
	}
	depth, quoted := 0, false
	for i := 0; i < len(raw); i++ {
		switch b := raw[i]; {
		case quoted && b == '\\':
			i++
		case b == '"':
			quoted = !quoted
		case !quoted && (b == '{' || b == '['):
			if depth++; depth > deepest {
				return nil
			}
		case !quoted && (b == '}' || b == ']'):
			depth--
		}
	}
	s := string(raw)
	return &s
}
