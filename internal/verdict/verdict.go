// Package verdict holds what a run stored and published against what the
// simulated cloud showed, as a perfect reader would have seen it. It shares
// nothing with the daemon but the definitions of a record and of the hash chain,
// and reads the topic with another client than the daemon's own.
package verdict

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"aslogd/internal/simulator"
)

// A Verdict is what a run came to.
type Verdict struct {
	Actions   int // in the truth; those that belong in quarantine are in Unreadable
	Rows      int // in aslog.scaling_action
	Revisions int // in the journal
	Records   int // in the topic, as a read_committed reader sees it

	Missing  int // actions that are not stored and in no honest gap, revisions that are not in the topic
	Wrong    int // not in the last state that was shown, never shown at all, or told otherwise by a table or a topic
	Extra    int // revisions that repeat one, or that the cloud never showed
	Repeated int // records seen again, out of order, or of no journal row
	Broken   int // holes in seq, and links of the chain that do not hold

	Unreadable int // records that no reader can take: each must be in quarantine, else it is Missing
	InGap      int // actions that are not stored but lie in a gap for ever, for a reason that the truth bears out

	Examples []string // the first few of what is wrong, in words
}

// Good tells whether nothing is wrong.
func (v *Verdict) Good() bool {
	return v.Missing == 0 && v.Wrong == 0 && v.Extra == 0 && v.Repeated == 0 && v.Broken == 0
}

func (v *Verdict) note(counter *int, format string, args ...any) {
	*counter++
	if len(v.Examples) < 10 {
		v.Examples = append(v.Examples, fmt.Sprintf(format, args...))
	}
}

// Of reads tables, journal and the topics of that prefix, and judges them. No
// brokers: no topics.
func Of(ctx context.Context, truth *simulator.Truth, pool *pgxpool.Pool, brokers []string, prefix string) (*Verdict, error) {
	e, err := Gather(ctx, pool, brokers, prefix)
	if err != nil {
		return nil, err
	}
	return e.Judge(truth), nil
}
