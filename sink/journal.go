// Package sink is what a batch becomes: rows of the journal, the tables that
// show their present, and records of the topics.
package sink

import "time"

// A Row is one row of the journal: one revision of one action. Once committed
// it never changes. Times are UTC in whole microseconds, which is what Postgres
// keeps; a nil pointer is NULL.
type Row struct {
	Shard         int
	Seq           int64 // from 1, without a hole within a shard
	RecordedAt    time.Time
	Source        string
	ProjectID     string
	GroupID       string
	GroupName     *string
	ActionID      string
	Revision      int64  // 1 for the first state that was seen
	Change        string // New or Changed
	Status        *string
	Type          *string
	StartTime     *time.Time
	EndTime       *time.Time
	InstanceValue *int64
	DesireValue   *int64
	ScalingValue  *int64
	ContentHash   []byte // of the normal form; its first byte is the form's version
	Raw           []byte // byte for byte as the API sent it
	ChainHash     []byte // SHA-256 over the row before and this one; 32 bytes
}

// What a Row is to its action.
const (
	New     = "new"
	Changed = "changed"
)
