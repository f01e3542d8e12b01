package arrivals

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func TestAStateArrivesOnceAndAgain(t *testing.T) {
	t.Parallel()
	var a Arrivals
	early, late := time.Unix(1, 0), time.Unix(2, 0)
	a.Note(State{"a", "DOING"}, early)
	a.Note(State{"a", "SUCCESS"}, early)
	a.Note(State{"a", "DOING"}, late)
	a.Note(State{"b", "FAIL"}, late)
	if first := a.First(); len(first) != 3 || first[State{"a", "DOING"}] != early || first[State{"b", "FAIL"}] != late {
		t.Errorf("first seen: %v", first)
	}
	if a.Again() != 1 || a.Actions() != 2 {
		t.Errorf("%d again of %d actions, not 1 of 2", a.Again(), a.Actions())
	}
}

func TestValuesOfAllReadersAreRead(t *testing.T) {
	t.Parallel()
	var c Consumer
	for _, value := range []string{`{"action_id":"a","id":"x","status":"FAIL"}`, `{"id":"b","status":"DOING"}`, `no JSON`} {
		c.take(&kgo.Record{Value: []byte(value)}, time.Unix(1, 0))
	}
	first := c.First()
	if len(first) != 2 || first[State{"a", "FAIL"}].IsZero() || first[State{"b", "DOING"}].IsZero() {
		t.Errorf("read: %v", first)
	}
}
