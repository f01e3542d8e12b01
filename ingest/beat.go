package ingest

import (
	"hash/fnv"
	"time"
)

// beat is the grid that polls stand on: the groups of a shard are polled at the same
// instant of a second, and each shard has its own. What its groups bring then goes
// into one commit and one transaction, though none waits for another; and requests
// are still spread over each second, and over the interval second by second.
const beat = time.Second

// place is the group's place in the poll interval. Its id decides on the second, its
// shard on the instant of that second; where the interval is not of whole seconds, the
// id alone.
func (w *worker) place() time.Duration {
	h := fnv.New64a()
	h.Write([]byte(w.group.ID)) // neither it nor the shard ever changes, so they need no lock
	place := time.Duration(h.Sum64() % uint64(w.poll))
	if w.poll%beat != 0 {
		return place
	}
	return place.Truncate(beat) + offBeat(w.group.Shard)
}

// offBeat is a shard's instant of a second. Those of any few shards that follow one
// another are far apart: it is Knuth's multiplicative hash.
func offBeat(shard int) time.Duration {
	return time.Duration(uint64(uint32(shard)*2654435769) * uint64(beat) >> 32)
}

// onBeat moves the end of a wait to the nearest instant of the shard.
func (w *worker) onBeat(now time.Time, wait time.Duration) time.Duration {
	if wait < beat || w.poll%beat != 0 {
		return wait
	}
	past := time.Duration(now.Add(wait).UnixNano()-int64(offBeat(w.group.Shard))) % beat
	if past < beat/2 {
		return wait - past
	}
	return wait - past + beat
}
