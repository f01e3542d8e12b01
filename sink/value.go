package sink

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"aslogd/ingest/action"
)

// A shrink says what is left out of a value that would be too large, each step
// with those before it.
type shrink int

const (
	whole shrink = iota
	noRaw
	noLists
	noDescription
)

// Value is the JSON object that the topics carry for r, with size bytes at the
// most where leaving out the raw record, then the lists, then the description
// makes that possible. It is a function of the row and of size alone.
func Value(r *Row, size int) ([]byte, error) {
	a, err := readRaw(r)
	if err != nil {
		return nil, err
	}
	return appendFitting(make([]byte, 0, 1024+2*len(r.Raw)), r, a, size), nil
}

func readRaw(r *Row) (*action.Action, error) {
	a, err := action.Read(r.Raw)
	if err != nil {
		return nil, fmt.Errorf("parse journal row %d of shard %d: %w", r.Seq, r.Shard, err)
	}
	return a, nil
}

// appendFitting writes the value into what is empty.
func appendFitting(b []byte, r *Row, a *action.Action, size int) []byte {
	for s := whole; ; s++ {
		b = appendValue(b[:0], r, a, s)
		if len(b) <= size || s == noDescription {
			return b
		}
	}
}

// appendValue writes the fields in the order of the schema. The columns of the
// journal are taken as they stand; what the journal has no column for is read
// from the raw record again.
func appendValue(b []byte, r *Row, a *action.Action, s shrink) []byte {
	b = append(b, '{')
	b = appendText(appendKey(b, "source"), r.Source)
	b = appendText(appendKey(b, "project_id"), r.ProjectID)
	b = appendText(appendKey(b, "group_id"), r.GroupID)
	b = appendTextOrNull(appendKey(b, "group_name"), r.GroupName)
	b = appendText(appendKey(b, "action_id"), r.ActionID)
	b = strconv.AppendInt(appendKey(b, "revision"), r.Revision, 10)
	b = appendText(appendKey(b, "change"), r.Change)
	b = appendTextOrNull(appendKey(b, "status"), r.Status)
	b = appendTextOrNull(appendKey(b, "type"), r.Type)
	b = appendTimeOrNull(appendKey(b, "start_time"), r.StartTime)
	b = appendTimeOrNull(appendKey(b, "end_time"), r.EndTime)
	b = appendIntOrNull(appendKey(b, "instance_value"), r.InstanceValue)
	b = appendIntOrNull(appendKey(b, "desire_value"), r.DesireValue)
	b = appendIntOrNull(appendKey(b, "scaling_value"), r.ScalingValue)
	description := a.Description
	if s >= noDescription {
		description = nil
	}
	b = appendTextOrNull(appendKey(b, "description"), description)
	left := s < noLists
	b = appendList(appendKey(b, "reasons"), left, a.Reasons, appendReason)
	b = appendList(appendKey(b, "instances"), left, a.Instances, appendInstance)
	b = appendList(appendKey(b, "load_balancers"), left, a.LoadBalancers, appendLoadBalancer)
	b = appendText(appendKey(b, "recorded_at"), r.RecordedAt.UTC().Format(microseconds))
	b = strconv.AppendBool(appendKey(b, "truncated"), s > whole)
	b = appendKey(b, "raw")
	if s >= noRaw {
		b = append(b, "null"...)
	} else {
		b = append(b, r.Raw...)
	}
	return append(b, '}')
}

func appendReason(b []byte, r *action.Reason) []byte {
	b = strconv.AppendInt(appendKey(b, "ordinal"), int64(r.Ordinal), 10)
	b = appendTextOrNull(appendKey(b, "change_reason"), r.ChangeReason)
	b = appendTimeOrNull(appendKey(b, "change_time"), r.ChangeTime)
	b = appendIntOrNull(appendKey(b, "old_value"), r.OldValue)
	b = appendIntOrNull(appendKey(b, "new_value"), r.NewValue)
	b = appendTextOrNull(appendKey(b, "scaling_policy_id"), r.ScalingPolicyID)
	return appendTextOrNull(appendKey(b, "scaling_policy_name"), r.ScalingPolicyName)
}

func appendInstance(b []byte, i *action.Instance) []byte {
	b = appendText(appendKey(b, "outcome"), i.Outcome)
	b = strconv.AppendInt(appendKey(b, "ordinal"), int64(i.Ordinal), 10)
	b = appendTextOrNull(appendKey(b, "instance_id"), i.InstanceID)
	b = appendTextOrNull(appendKey(b, "instance_name"), i.InstanceName)
	b = appendTextOrNull(appendKey(b, "failed_reason"), i.FailedReason)
	b = appendTextOrNull(appendKey(b, "failed_details"), i.FailedDetails)
	return appendTextOrNull(appendKey(b, "instance_config"), i.InstanceConfig)
}

func appendLoadBalancer(b []byte, l *action.LoadBalancer) []byte {
	b = appendText(appendKey(b, "outcome"), l.Outcome)
	b = strconv.AppendInt(appendKey(b, "ordinal"), int64(l.Ordinal), 10)
	b = appendTextOrNull(appendKey(b, "listener_id"), l.ListenerID)
	b = appendTextOrNull(appendKey(b, "pool_id"), l.PoolID)
	b = appendIntOrNull(appendKey(b, "protocol_port"), l.ProtocolPort)
	b = appendIntOrNull(appendKey(b, "weight"), l.Weight)
	b = appendTextOrNull(appendKey(b, "listener"), l.Listener)
	b = appendTextOrNull(appendKey(b, "failed_reason"), l.FailedReason)
	return appendTextOrNull(appendKey(b, "failed_details"), l.FailedDetails)
}

const microseconds = "2006-01-02T15:04:05.000000Z"

// appendKey begins a member; the first of an object needs no comma before it.
func appendKey(b []byte, key string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, key...)
	return append(b, '"', ':')
}

func appendList[T any](b []byte, left bool, list []T, put func([]byte, *T) []byte) []byte {
	if !left {
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(put(append(b, '{'), &list[i]), '}')
	}
	return append(b, ']')
}

func appendIntOrNull(b []byte, n *int64) []byte {
	if n == nil {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, *n, 10)
}

func appendTimeOrNull(b []byte, t *time.Time) []byte {
	if t == nil {
		return append(b, "null"...)
	}
	return append(t.UTC().AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}

func appendTextOrNull(b []byte, s *string) []byte {
	if s == nil {
		return append(b, "null"...)
	}
	return appendText(b, *s)
}

// appendText writes a JSON string. Only what JSON demands is escaped; NUL, and
// what is no UTF-8, becomes U+FFFD, as in the tables.
func appendText(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	plain := 0 // where what needs nothing done begins
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if n > 1 {
			i += n
			continue
		}
		b = append(b, s[plain:i]...)
		switch {
		case r == utf8.RuneError || c == 0:
			b = utf8.AppendRune(b, utf8.RuneError)
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, '\\', c)
		}
		i++
		plain = i
	}
	return append(append(b, s[plain:]...), '"')
}
