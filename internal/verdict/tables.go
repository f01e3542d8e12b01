package verdict

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"aslogd/ingest/action"
)

// judgeTables asks whether the tables show the journal's newest revisions and
// nothing else.
func (e *Evidence) judgeTables(v *Verdict, newest map[Key]*Revision) {
	for k, p := range e.Actions {
		if p.Seq > 0 {
			v.Rows++
		}
		r := newest[k]
		if r == nil || r.Shard != p.Shard || r.Seq != p.Seq || r.Typed != p.Typed {
			v.note(&v.Wrong, "the row of %v does not say what its newest revision says", k)
			continue
		}
		a, err := action.Parse(r.Raw)
		if err != nil {
			v.note(&v.Wrong, "revision %d of %v cannot be read: %v", r.Revision, k, err)
			continue
		}
		switch want := children(a); {
		case !reflect.DeepEqual(p.Description, a.Description):
			v.note(&v.Wrong, "the row of %v has another description than its record", k)
		case !sameJSON(p.Children, want):
			v.note(&v.Wrong, "%v has in the tables below it %s, and in its record %s", k, p.Children, want)
		}
	}
	for k := range newest {
		if _, found := e.Actions[k]; !found {
			v.note(&v.Wrong, "%v is in the journal and not in the table", k)
		}
	}
}

// children is what the tables below an action must hold, in the form of
// sql/actions.sql: by outcome and place.
func children(a *action.Action) string {
	instances, balancers, reasons := [][]any{}, [][]any{}, [][]any{}
	for _, i := range a.Instances {
		instances = append(instances, []any{i.Outcome, i.Ordinal, i.InstanceID, i.InstanceName, i.FailedReason, i.FailedDetails, i.InstanceConfig})
	}
	for _, l := range a.LoadBalancers {
		balancers = append(balancers, []any{l.Outcome, l.Ordinal, l.ListenerID, l.PoolID, l.ProtocolPort, l.Weight, l.Listener, l.FailedReason, l.FailedDetails})
	}
	for _, r := range a.Reasons {
		var at *int64
		if r.ChangeTime != nil {
			micro := r.ChangeTime.UnixMicro()
			at = &micro
		}
		reasons = append(reasons, []any{r.Ordinal, r.ChangeReason, at, r.OldValue, r.NewValue, r.ScalingPolicyID, r.ScalingPolicyName})
	}
	for _, rows := range [][][]any{instances, balancers} { // reasons have their order already
		slices.SortStableFunc(rows, func(x, y []any) int { return strings.Compare(x[0].(string), y[0].(string)) })
	}
	text, err := json.Marshal([]any{instances, balancers, reasons})
	if err != nil {
		return fmt.Sprint(err) // texts, numbers and nulls alone: it cannot be
	}
	return string(text)
}

// sameJSON tells whether two texts are one value; numbers count by their digits.
func sameJSON(x, y string) bool {
	var values [2]any
	for i, text := range []string{x, y} {
		d := json.NewDecoder(bytes.NewReader([]byte(text)))
		d.UseNumber()
		if d.Decode(&values[i]) != nil {
			return false
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}
