package checkpoint

import (
	"cmp"
	"slices"
)

// Who should hold what. Every replica works this out for itself, from the same
// rows, and acts on its own part only. Nobody is in charge, so the rules must
// need no agreement:
//
//   - Shares differ by at most one. The bigger shares go to those who hold
//     most, so that a spread that is already fair stays as it is.
//   - Who holds more than its share gives up the surplus; who holds less
//     claims what is free. A shard never goes straight from one to another.
//   - Free shards are dealt in order, so that two replicas with the same view
//     do not claim the same one. With different views one of them fails at the
//     epoch, and tries again a beat later.

// A seat is a shard as the plan sees it. Owner is empty where nobody has it.
type seat struct {
	shard int
	owner string
	free  bool // may be claimed now; its owner is then of no account
}

// plan says what me should claim and give up, given the living members (me
// among them) and all the shards in order.
func plan(me string, members []string, seats []seat) (claim, give []int) {
	held := make(map[string]int, len(members))
	for _, s := range seats {
		if !s.free {
			held[s.owner]++
		}
	}
	order := slices.Clone(members)
	slices.SortFunc(order, func(a, b string) int {
		return cmp.Or(cmp.Compare(held[b], held[a]), cmp.Compare(a, b))
	})
	share := func(rank int) int {
		if rank < len(seats)%len(order) {
			return len(seats)/len(order) + 1
		}
		return len(seats) / len(order)
	}

	var free, mine []int
	for _, s := range seats {
		switch {
		case s.free:
			free = append(free, s.shard)
		case s.owner == me:
			mine = append(mine, s.shard)
		}
	}
	for rank, member := range order {
		if member == me {
			if surplus := len(mine) - share(rank); surplus > 0 {
				return nil, mine[len(mine)-surplus:]
			}
			return free[:min(max(0, share(rank)-len(mine)), len(free))], nil
		}
		free = free[min(max(0, share(rank)-held[member]), len(free)):]
	}
	return nil, nil
}
