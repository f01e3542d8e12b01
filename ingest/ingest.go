// Package ingest reads scaling actions: which spans of time to ask for, in
// which order, and when what came back proves that a span is complete. It
// knows neither HTTP nor SQL nor Kafka.
package ingest

import (
	"context"
	"time"

	"aslogd/checkpoint"
	"aslogd/ingest/action"
)

// A Span is a half-open span of start times on whole seconds.
type Span = checkpoint.Span

// A Class says what a request is for. When the budget is short, a class that
// stands earlier goes first, and a later one still gets a share.
type Class int

// The classes, first things first. Watch has a bound of its own: a quarter of
// the budget at the most.
const (
	Follow Class = iota
	Tail
	Settle
	Reconcile
	Backfill
	Watch
)

var classNames = [...]string{"follow", "tail", "settle", "reconcile", "backfill", "watch"}

func (c Class) String() string { return classNames[c] }

// A Query asks for one page of a group's actions. Zero values ask for nothing
// special. Whether the API takes From and To as inclusive is unknown, so the
// caller asks a second wider on both sides and relies on no edge.
type Query struct {
	From, To time.Time // filter, whole seconds UTC; zero: open
	LogID    string
	Open     bool // only actions that have not ended, as far as the API tells them apart
	Start    int  // row offset, from 0
	Limit    int  // 1 to 100

	// Due is not asked for: it is from when on the request need not wait for all
	// that waited longer for the budget; zero: it waits for them. See Budget.
	Due time.Time
}

// A Page is one answer.
type Page struct {
	Asked   time.Time // when the request was sent, in this process's clock
	Date    time.Time // the server's clock at the answer; Asked where it sent none
	Total   int       // all rows that match, on every page
	Start   int       // as echoed
	Limit   int       // as echoed: what the server took for the limit; as asked where it echoes none
	Echoed  bool      // it did: a page of fewer rows had room for more
	Actions []*action.Action
	Rejects []Reject // rows that could not be taken

	// Free gives back the room that the page takes. Who asked for it calls Done
	// once the page is stored, or dropped. Nil: it takes none.
	Free func()
}

// Done gives the page's room back. It may be called again.
func (p *Page) Done() {
	if p.Free != nil {
		p.Free()
		p.Free = nil
	}
}

// Rows is how many rows the page held.
func (p *Page) Rows() int { return len(p.Actions) + len(p.Rejects) }

// A Reject is something that goes to quarantine: a row without an id, a page
// that is no JSON. Reason is one word or field:NAME, Detail is for people.
type Reject struct {
	ActionID string // empty where none could be read
	Reason   string
	Detail   string
	Raw      []byte // at most 1 MB
	RawHash  []byte // SHA-256 of the whole; of group and hour for a page that is no JSON
	Page     bool   // a whole page: counted in times, not stored again
	Place    Span   // where it was read; empty where it was asked for by id
}

// A GroupPage is one page of the source's group list.
type GroupPage struct {
	Asked  time.Time
	Date   time.Time
	Total  int
	Groups []Group
}

// A Group is one entry of the group list.
type Group struct {
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
	Raw             []byte
}

// An API is one source: one project in one region. Its calls wait for the
// budget, retry weather (429, 5xx, resets, timeouts) within reason, and return
// one of the errors of this package where it matters what went wrong:
// ErrNoGroup, ErrNotJSON (as *PageError), ErrRefused.
type API interface {
	Actions(ctx context.Context, class Class, group string, q Query) (*Page, error)
	Groups(ctx context.Context, class Class, start, limit int) (*GroupPage, error)
}

// A Batch is what one read of one group has to say. All of it becomes durable
// in one transaction, or nothing does.
type Batch struct {
	Epoch   int64 // of the shard, when the read began; a commit under another drops the batch
	Target  Target
	Actions []Seen // oldest first
	Rejects []Reject
	Begin   *Begin            // the group's first batch makes its checkpoint
	From    *time.Time        // the group is wanted from this moment on, where that is earlier than before
	Covered []Span            // spans that this read proved, with what was committed before it
	EmptyBy time.Time         // not zero: it did so by empty answers, the last of which was there by then, in the clock that is ahead
	Lost    []checkpoint.Lost // spans that nothing can prove
	Oldest  *time.Time        // start of the oldest action that the API shows for the group
	Age     time.Duration     // how old that action was when it was shown
	Settled *Settled          // a later re-read has come so far
	Late    time.Duration     // the longest lateness that this read measured
	Parked  *bool             // set: the group is read to its end (true), which takes back what no list has confirmed, or goes on (false)
	Proof   *Proof            // set: all of a span was read
	Scan    *Scan             // set: what to note of the scan that ends with this batch

	thrifty bool // its proof may be left to the next poll: see thriftLocked
}

// A Proof says what a proved span holds of records that can be known only by
// their bytes: what was quarantined there before, and is not among them, has
// been mended, or is gone.
type Proof struct {
	Span    Span
	Rejects [][]byte // RawHash of each without an id
}

// A Settled says how far one stage of the later re-reads has come.
type Settled struct {
	Stage time.Duration
	To    time.Time // all that started before it has been read again, or needs not
	Spans []Span    // what the last stage confirmed, by the ids; empty from the others
}

// A Seen is an action and when it was asked for: in this process's clock as it
// was when the owner began, and evenly from there on.
type Seen struct {
	*action.Action
	Asked time.Time
}

// A Target is a group as the commit needs to know it.
type Target struct {
	Source  string
	Project string
	Group   string
	Name    *string
	Shard   int
}

// A Begin is where a new group's reading starts: the first moment wanted, and
// where the tail took over from the backfill.
type Begin struct {
	From time.Time
	Tail time.Time
}

// A Scan is a finished pass, for the record.
type Scan struct {
	Class    Class
	Span     Span // To zero: open
	Requests int
	Total    int
	Distinct int
	Restarts int
	New      int    // what the pass's batches before this one came to,
	Changed  int    // which Commit adds this one's to
	Outcome  string // proved, unproved, or the failure in words
}

// An Outcome is what a committed batch came to. Where Stale is not zero,
// something was dropped as an answer older than what is stored, and the batch's
// Covered was not taken: the read proves nothing.
type Outcome struct {
	New      int
	Changed  int
	Stale    int
	Earliest time.Time // start of the earliest of the new ones; zero where none is new, or says when it started
	Doubted  []Span    // what a batch that parks its group took back: covered by empty answers since the last list that had it
}

// A Sink makes batches durable. Commit returns when the transaction that holds
// the batch has committed; an error says that it is unknown whether it did, or
// (checkpoint.ErrLost) that it did not and the shard is another's now. Reading
// and committing again is harmless in either case.
type Sink interface {
	Commit(ctx context.Context, b *Batch) (Outcome, error)
}
