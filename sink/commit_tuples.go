package sink

import (
	"strings"
	"time"

	"aslogd/ingest/action"
)

// The columns that COPY fills, and beside each list the values in its order.

var journalColumns = []string{
	"shard", "seq", "recorded_at", "source", "project_id", "group_id", "group_name", "action_id", "revision", "change",
	"status", "type", "start_time", "end_time", "instance_value", "desire_value", "scaling_value",
	"content_hash", "raw", "chain_hash",
}

func journalTuple(ch *change) []any {
	r := ch.row
	return []any{
		int64(r.Shard), r.Seq, r.RecordedAt, r.Source, r.ProjectID, r.GroupID, r.GroupName, r.ActionID, r.Revision, r.Change,
		r.Status, r.Type, r.StartTime, r.EndTime, r.InstanceValue, r.DesireValue, r.ScalingValue,
		r.ContentHash, r.Raw, r.ChainHash,
	}
}

var actionColumns = []string{
	"group_id", "action_id", "project_id", "revision", "status", "type", "start_time", "end_time",
	"instance_value", "desire_value", "scaling_value", "description", "first_seen_at", "changed_at",
	"shard", "seq", "content_hash", "open", "asked_epoch", "asked_at", "stale_hash", "stale_since",
}

// raw stays NULL: the journal holds the text, and once is enough.
func actionTuple(ch *change) []any {
	r, a := ch.row, ch.chosen.seen
	return []any{
		r.GroupID, r.ActionID, r.ProjectID, r.Revision, r.Status, r.Type, r.StartTime, r.EndTime,
		r.InstanceValue, r.DesireValue, r.ScalingValue, a.Description, r.RecordedAt, r.RecordedAt,
		int64(r.Shard), r.Seq, r.ContentHash, a.Open(), ch.final.epoch, micro(a.Asked), ch.final.staleHash, ch.final.since(),
	}
}

var instanceColumns = []string{
	"group_id", "action_id", "outcome", "ordinal",
	"instance_id", "instance_name", "failed_reason", "failed_details", "instance_config",
}

func instanceTuples(k key, a *action.Action) (tuples [][]any) {
	for _, i := range a.Instances {
		tuples = append(tuples, []any{k.group, k.action, i.Outcome, int64(i.Ordinal),
			i.InstanceID, i.InstanceName, i.FailedReason, i.FailedDetails, i.InstanceConfig})
	}
	return tuples
}

var loadBalancerColumns = []string{
	"group_id", "action_id", "outcome", "ordinal",
	"listener_id", "pool_id", "protocol_port", "weight", "listener", "failed_reason", "failed_details",
}

func loadBalancerTuples(k key, a *action.Action) (tuples [][]any) {
	for _, l := range a.LoadBalancers {
		tuples = append(tuples, []any{k.group, k.action, l.Outcome, int64(l.Ordinal),
			l.ListenerID, l.PoolID, l.ProtocolPort, l.Weight, l.Listener, l.FailedReason, l.FailedDetails})
	}
	return tuples
}

var reasonColumns = []string{
	"group_id", "action_id", "ordinal",
	"change_reason", "change_time", "old_value", "new_value", "scaling_policy_id", "scaling_policy_name",
}

func reasonTuples(k key, a *action.Action) (tuples [][]any) {
	for _, r := range a.Reasons {
		tuples = append(tuples, []any{k.group, k.action, int64(r.Ordinal),
			r.ChangeReason, microp(r.ChangeTime), r.OldValue, r.NewValue, r.ScalingPolicyID, r.ScalingPolicyName})
	}
	return tuples
}

// since is when the stale payload was first shown again; nil without one.
func (s *state) since() *time.Time {
	if s.staleHash == nil {
		return nil
	}
	return &s.staleSince
}

// clean makes a text that Postgres takes: valid UTF-8 without NUL.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

func cleanp(s *string) *string {
	if s == nil {
		return nil
	}
	t := clean(*s)
	return &t
}
