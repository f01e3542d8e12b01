// Package checkpoint is what survives: which replica has which shard, how much
// of the budget is left, and how far each group has been read and proved.
package checkpoint

import (
	"errors"
	"time"
)

// ErrLost says that the shard is another replica's, or under another epoch.
var ErrLost = errors.New("shard lost")

// A Lease is the right to commit to one shard. Owner is this process's
// incarnation. Only the epoch guards a write; no clock does.
type Lease struct {
	Shard int
	Epoch int64
	Owner string
}

// A Lost span is one that nothing can prove any more, with the reason:
// retention, offset_cap or gone.
type Lost struct {
	Span   Span
	Reason string
}

// The reasons of a Lost span.
const (
	Retention = "retention"
	OffsetCap = "offset_cap"
	Gone      = "gone"
)

// A Group is a group as its worker finds it at a start: everything it needs to
// go on where the last owner stopped.
type Group struct {
	ID       string
	Project  string
	Source   string
	Name     *string
	Shard    int
	Created  *time.Time // create_time of the API
	Seen     time.Time  // when aslogd first knew of it
	Scaling  bool
	HintedAt *time.Time
	GoneAt   *time.Time
	Unnamed  bool // the configuration of its source names other groups: it is not to be read

	Known    bool // it has a checkpoint; the rest is zero where it has none
	From     time.Time
	TailFrom time.Time
	Covered  Coverage
	Lost     Coverage // all reasons together
	LostGone Coverage // the part of Lost that only the group's being gone keeps from being read
	Oldest   *time.Time
	Age      time.Duration // the greatest age at which the API still showed an action
	Lateness time.Duration
	LateAt   time.Time                   // when it was noted, or last faded; by Postgres
	Settled  map[time.Duration]time.Time // stage of the later re-reads: how far it has come
	Parked   bool
	Open     []Open
	Newest   time.Time // start of the newest stored action; zero where none is
}

// An Open is a stored action that has not ended.
type Open struct {
	ID    string
	Start *time.Time
	Seen  time.Time
}
