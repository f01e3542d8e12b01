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

func journalTuple(t *tuple, ch *change) {
	r := ch.row
	t.fields(len(journalColumns))
	t.int(int64(r.Shard))
	t.int(r.Seq)
	t.time(r.RecordedAt)
	t.text(r.Source)
	t.text(r.ProjectID)
	t.text(r.GroupID)
	t.textp(r.GroupName)
	t.text(r.ActionID)
	t.int(r.Revision)
	t.text(r.Change)
	t.textp(r.Status)
	t.textp(r.Type)
	t.timep(r.StartTime)
	t.timep(r.EndTime)
	t.intp(r.InstanceValue)
	t.intp(r.DesireValue)
	t.intp(r.ScalingValue)
	t.bytes(r.ContentHash)
	t.bytes(r.Raw)
	t.bytes(r.ChainHash)
}

var actionColumns = []string{
	"group_id", "action_id", "project_id", "revision", "status", "type", "start_time", "end_time",
	"instance_value", "desire_value", "scaling_value", "description", "first_seen_at", "changed_at",
	"shard", "seq", "content_hash", "open", "asked_epoch", "asked_at", "stale_hash", "stale_since",
}

// raw stays NULL: the journal holds the text, and once is enough.
func actionTuple(t *tuple, ch *change) {
	r, a := ch.row, ch.chosen.seen
	t.fields(len(actionColumns))
	t.text(r.GroupID)
	t.text(r.ActionID)
	t.text(r.ProjectID)
	t.int(r.Revision)
	t.textp(r.Status)
	t.textp(r.Type)
	t.timep(r.StartTime)
	t.timep(r.EndTime)
	t.intp(r.InstanceValue)
	t.intp(r.DesireValue)
	t.intp(r.ScalingValue)
	t.textp(a.Description)
	t.time(r.RecordedAt)
	t.time(r.RecordedAt)
	t.int(int64(r.Shard))
	t.int(r.Seq)
	t.bytes(r.ContentHash)
	t.bool(a.Open())
	t.int(ch.final.epoch)
	t.time(micro(a.Asked))
	t.bytes(ch.final.staleHash)
	t.timep(ch.final.since())
}

var instanceColumns = []string{
	"group_id", "action_id", "outcome", "ordinal",
	"instance_id", "instance_name", "failed_reason", "failed_details", "instance_config",
}

func instanceTuple(t *tuple, c child[action.Instance]) {
	t.fields(len(instanceColumns))
	t.text(c.key.group)
	t.text(c.key.action)
	t.text(c.of.Outcome)
	t.int(int64(c.of.Ordinal))
	t.textp(c.of.InstanceID)
	t.textp(c.of.InstanceName)
	t.textp(c.of.FailedReason)
	t.textp(c.of.FailedDetails)
	t.textp(c.of.InstanceConfig)
}

var loadBalancerColumns = []string{
	"group_id", "action_id", "outcome", "ordinal",
	"listener_id", "pool_id", "protocol_port", "weight", "listener", "failed_reason", "failed_details",
}

func loadBalancerTuple(t *tuple, c child[action.LoadBalancer]) {
	t.fields(len(loadBalancerColumns))
	t.text(c.key.group)
	t.text(c.key.action)
	t.text(c.of.Outcome)
	t.int(int64(c.of.Ordinal))
	t.textp(c.of.ListenerID)
	t.textp(c.of.PoolID)
	t.intp(c.of.ProtocolPort)
	t.intp(c.of.Weight)
	t.textp(c.of.Listener)
	t.textp(c.of.FailedReason)
	t.textp(c.of.FailedDetails)
}

var reasonColumns = []string{
	"group_id", "action_id", "ordinal",
	"change_reason", "change_time", "old_value", "new_value", "scaling_policy_id", "scaling_policy_name",
}

func reasonTuple(t *tuple, c child[action.Reason]) {
	t.fields(len(reasonColumns))
	t.text(c.key.group)
	t.text(c.key.action)
	t.int(int64(c.of.Ordinal))
	t.textp(c.of.ChangeReason)
	t.timep(microp(c.of.ChangeTime))
	t.intp(c.of.OldValue)
	t.intp(c.of.NewValue)
	t.textp(c.of.ScalingPolicyID)
	t.textp(c.of.ScalingPolicyName)
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
