package verdict

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"
)

// A value is what a record's value says, as far as it is held against a row:
// the raw record by its SHA-256, and the rest as one text.
type value struct {
	says string
	raw  [sha256.Size]byte
	cut  bool // the raw record was left out
}

// cutAt is the size of a raw record below which nothing may be left out: its
// value fits any topic's largest message.
const cutAt = 100 << 10

// valueOf reads a value. One that cannot be read says what no row says.
func valueOf(text []byte) value {
	var v struct {
		Source     string          `json:"source"`
		Project    string          `json:"project_id"`
		Group      string          `json:"group_id"`
		Action     string          `json:"action_id"`
		Revision   int64           `json:"revision"`
		Change     string          `json:"change"`
		Status     *string         `json:"status"`
		Type       *string         `json:"type"`
		Start      *time.Time      `json:"start_time"`
		End        *time.Time      `json:"end_time"`
		Instances  *int64          `json:"instance_value"`
		Desired    *int64          `json:"desire_value"`
		Scaled     *int64          `json:"scaling_value"`
		RecordedAt time.Time       `json:"recorded_at"`
		Truncated  bool            `json:"truncated"`
		Raw        json.RawMessage `json:"raw"`
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return value{says: "unreadable: " + err.Error()}
	}
	return value{
		says: said(v.Source, v.Project, v.Group, v.Action, v.Revision, v.Change, v.Status, v.Type,
			v.Start, v.End, v.Instances, v.Desired, v.Scaled, &v.RecordedAt),
		raw: sha256.Sum256(v.Raw),
		cut: v.Truncated && bytes.Equal(v.Raw, []byte("null")),
	}
}

// said puts columns into one text, whatever their zone and their pointers.
func said(columns ...any) string {
	for i, c := range columns {
		switch c := c.(type) {
		case *time.Time:
			if c != nil {
				columns[i] = c.UnixMicro()
			}
		case *string:
			if c != nil {
				columns[i] = *c
			}
		case *int64:
			if c != nil {
				columns[i] = *c
			}
		}
	}
	return fmt.Sprintf("%#v", columns)
}

// tells is what the record says otherwise than the row; empty: nothing.
func (r *Record) tells(row *Revision, key string) string {
	says := said(row.Source, row.ProjectID, row.GroupID, row.ActionID, row.Revision, row.Change, row.Status, row.Type,
		row.StartTime, row.EndTime, row.InstanceValue, row.DesireValue, row.ScalingValue, &row.RecordedAt)
	switch {
	case r.Key != key:
		return fmt.Sprintf("key %q, not %q", r.Key, key)
	case r.Millis != row.RecordedAt.UnixMilli():
		return fmt.Sprintf("timestamp %d, not %d", r.Millis, row.RecordedAt.UnixMilli())
	case r.Value.says != says:
		return fmt.Sprintf("in its value %s, not %s", r.Value.says, says)
	case r.Value.cut && len(row.Raw) >= cutAt:
		return ""
	case r.Value.raw != sha256.Sum256(row.Raw):
		return "another raw record"
	}
	return ""
}
