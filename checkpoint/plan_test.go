package checkpoint

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPlan(t *testing.T) {
	t.Parallel()
	// A seat a letter: its owner, or a dot where it is free.
	seats := func(owners string) (s []seat) {
		for i, o := range owners {
			s = append(s, seat{shard: i, owner: string(o), free: o == '.'})
		}
		return s
	}
	for _, test := range []struct {
		name        string
		me          string
		members     []string
		owners      string
		claim, give []int
	}{
		{"alone: everything", "A", []string{"A"}, "........", []int{0, 1, 2, 3, 4, 5, 6, 7}, nil},
		{"a second comes: half goes", "A", []string{"A", "B"}, "AAAAAAAA", nil, []int{4, 5, 6, 7}},
		{"and waits until it is free", "B", []string{"A", "B"}, "AAAAAAAA", nil, nil},
		{"then takes it", "B", []string{"A", "B"}, "AAAA....", []int{4, 5, 6, 7}, nil},
		{"fair already: nothing moves", "A", []string{"A", "B", "C"}, "AAABBBCC", nil, nil},
		{"the bigger share stays where it is", "C", []string{"A", "B", "C"}, "AABBBCCC", nil, nil},
		{"free shards are dealt in order, first part", "A", []string{"A", "B"}, "AABB....", []int{4, 5}, nil},
		{"free shards are dealt in order, second part", "B", []string{"A", "B"}, "AABB....", []int{6, 7}, nil},
		{"a dead owner's shards are nobody's yet", "A", []string{"A"}, "AAAAXXXX", nil, nil},
		{"more replicas than shards", "C", []string{"A", "B", "C"}, "AB", nil, nil},
	} {
		claim, give := plan(test.me, test.members, seats(test.owners))
		require.Equal(t, fmt.Sprint(test.claim, test.give), fmt.Sprint(claim, give), test.name)
	}
}

// However the shards are spread, and in whatever order the replicas act, a few
// rounds make the spread fair; then nothing moves any more. When everyone sees
// the rows as they are, no shard moves that need not.
func TestPlanConverges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		shards := rapid.IntRange(1, 24).Draw(t, "shards")
		var members []string
		for i := range rapid.IntRange(1, 6).Draw(t, "members") {
			members = append(members, fmt.Sprintf("replica-%d", i))
		}
		rows := make([]seat, shards)
		for i := range rows {
			rows[i].shard = i
			// One that is not a member is a replica that left.
			if o := rapid.IntRange(-1, len(members)-1).Draw(t, "owner"); o >= 0 {
				rows[i].owner = members[o]
			}
			rows[i].free = rows[i].owner == ""
		}
		held := func(member string) (n int) {
			for _, s := range rows {
				if s.owner == member {
					n++
				}
			}
			return n
		}
		stale := rapid.Bool().Draw(t, "stale views")
		least := 0
		for _, m := range members {
			least += max(0, held(m)-(shards+len(members)-1)/len(members))
		}
		given := 0
		round := func() (moved bool) {
			view := slices.Clone(rows)
			for _, me := range rapid.Permutation(members).Draw(t, "order") {
				if !stale {
					view = slices.Clone(rows)
				}
				claim, give := plan(me, members, view)
				for _, s := range give {
					require.Equal(t, me, rows[s].owner, "gave up what was not its own")
					rows[s] = seat{shard: s, free: true}
					given++
				}
				for _, s := range claim {
					if rows[s].free { // otherwise the epoch had moved
						rows[s] = seat{shard: s, owner: me}
					}
				}
				moved = moved || len(claim)+len(give) > 0
			}
			return moved
		}
		for n := 0; round(); n++ {
			require.Less(t, n, 8, "no end in sight")
		}
		for _, m := range members {
			require.GreaterOrEqual(t, held(m), shards/len(members))
			require.LessOrEqual(t, held(m), (shards+len(members)-1)/len(members))
		}
		if !stale {
			// Rounding may cost a shard a member, no more.
			require.LessOrEqual(t, given, least+len(members)-1)
		}
		require.GreaterOrEqual(t, given, least)
	})
}
