package ingest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/checkpoint"
)

// ahead is a desk whose rows were asked for under an epoch whose owner's clock
// was an hour ahead.
type ahead struct {
	*desk
	epoch int64
}

func (d ahead) Stored(ctx context.Context, group string, ids []string) ([]checkpoint.Stored, error) {
	all, err := d.desk.Stored(ctx, group, ids)
	for i := range all {
		all[i].Epoch, all[i].Asked = d.epoch, time.Now().Add(time.Hour)
	}
	return all, err
}

// What breaks: the table holds another state than the API shows, and whoever
// stored it had a clock that was ahead. What must hold: a reconcile says so; but
// for what was stored under the same epoch, which was asked for later indeed.
func TestAReconcileComparesNoTwoOwnersClocks(t *testing.T) {
	t.Parallel()
	for epoch, differs := range map[int64]bool{0: true, 1: false, 2: false} {
		synctest.Test(t, func(t *testing.T) {
			_, m, d, f := settled(t)
			f.Desk = ahead{d, epoch}
			m.mu.Lock()
			m.stored["g"]["a00600"] = "DOING"
			m.mu.Unlock()
			d.ask(checkpoint.CommandReconcile, false, past(20), "g")
			if err := m.run(f, 20*time.Minute); err != nil {
				t.Fatal(err)
			}
			if _, told := d.parts[0].found["differing a00600"]; told != differs || d.parts[0].sum.Outcome != checkpoint.Done {
				t.Errorf("epoch %d: told %v: %+v", epoch, told, d.parts[0].found)
			}
		})
	}
}
