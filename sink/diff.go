package sink

import (
	"bytes"
	"slices"
	"time"
)

// A state is what is stored of an action, as far as the next answer about it
// must be compared with: its newest revision and the hashes of those before.
type state struct {
	hash     []byte
	ended    bool
	revision int64
	epoch    int64     // under which the newest revision was asked for,
	asked    time.Time // and when, in that owner's clock
	earlier  [][]byte

	staleHash  []byte    // an earlier payload that the API shows again,
	staleSince time.Time // and since when it does

	pending bool // hash is this commit's, not stored yet
}

// A sight is one answer about an action: how it looked, and when it was asked.
type sight struct {
	hash  []byte
	doing bool
	open  bool
	epoch int64
	asked time.Time
}

// A verdict is what an answer means for what is stored.
type verdict int

const (
	same      verdict = iota // nothing to do
	cleared                  // same, and an earlier payload is no longer shown
	isNew                    // the first revision
	isChanged                // another revision
	late                     // older than what is stored: dropped
	returned                 // an earlier payload shown again: dropped, and noted since when
)

// stale reports whether an answer with this verdict was dropped, so that the
// read it came with proves nothing.
func (v verdict) stale() bool { return v == late || v == returned }

// decide compares an answer with what is stored (nil: nothing). The API is
// read through replicas that may lag behind each other, so the newest answer
// is not always the newest truth:
//
//   - what was asked for before the stored revision was is dropped;
//   - DOING never takes the place of an ended status, however long it is shown;
//   - a payload equal to an earlier revision is a lagging replica's until it
//     has been shown for settle, without the stored one being seen in between.
func decide(s *state, a sight, settle time.Duration) verdict {
	switch {
	case s == nil:
		return isNew
	case bytes.Equal(s.hash, a.hash):
		if s.staleHash != nil {
			return cleared
		}
		return same
	case a.before(s):
		return late
	case a.doing && s.ended:
		return late
	case !s.had(a.hash):
		return isChanged
	case bytes.Equal(s.staleHash, a.hash) && a.asked.Sub(s.staleSince) >= settle:
		return isChanged
	case bytes.Equal(s.staleHash, a.hash):
		return late // noted already
	}
	return returned
}

// before orders answers by (epoch, moment of asking). Clocks of two owners are
// never compared: a later epoch's answer is later whatever its clock said.
func (a sight) before(s *state) bool {
	if a.epoch != s.epoch {
		return a.epoch < s.epoch
	}
	return a.asked.Before(s.asked)
}

func (s *state) had(hash []byte) bool {
	return slices.ContainsFunc(s.earlier, func(h []byte) bool { return bytes.Equal(h, hash) })
}

// after is the state once an answer was judged. Answers that are judged in one
// commit make one revision at the most: where two of them differ, the one in
// between is never stored and so never counts as an earlier revision.
func (s *state) after(a sight, v verdict) *state {
	var next state
	if s != nil {
		next = *s
	}
	switch v {
	case isNew, isChanged:
		next.hash, next.ended, next.epoch, next.asked = a.hash, !a.open, a.epoch, a.asked
		if s != nil && !s.pending {
			next.earlier = append(slices.Clip(next.earlier), s.hash)
		}
		next.pending = true
		next.staleHash = nil
	case cleared:
		next.staleHash = nil
	case returned:
		next.staleHash, next.staleSince = a.hash, a.asked
	}
	return &next
}
