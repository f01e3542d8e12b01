package sink

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go/protocol"

	"aslogd/ingest/action"
	"aslogd/sink/broker"
)

// errTruncated says that a record of the topic went out without its raw text:
// no journal row can be made of it.
var errTruncated = errors.New("it was too large for the topic and went out without its raw record")

// markOf reads the headers that say which row a record is. Seq 0 is a record
// that is none of aslogd's.
func markOf(c *broker.Committed) (mark, error) {
	text := c.Header(seqHeader)
	if text == nil {
		return mark{}, nil
	}
	seq, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return mark{}, fmt.Errorf("record at offset %d: header %s: %w", c.Offset, seqHeader, err)
	}
	hash, err := hex.DecodeString(string(c.Header(chainHeader)))
	if err != nil {
		return mark{}, fmt.Errorf("record at offset %d: header %s: %w", c.Offset, chainHeader, err)
	}
	return mark{seq, hash, c.Offset}, nil
}

// told is what a value of the topic says, as far as a journal row needs it.
type told struct {
	Source        string          `json:"source"`
	ProjectID     string          `json:"project_id"`
	GroupID       string          `json:"group_id"`
	GroupName     *string         `json:"group_name"`
	ActionID      string          `json:"action_id"`
	Revision      int64           `json:"revision"`
	Change        string          `json:"change"`
	Status        *string         `json:"status"`
	Type          *string         `json:"type"`
	StartTime     *time.Time      `json:"start_time"`
	EndTime       *time.Time      `json:"end_time"`
	InstanceValue *int64          `json:"instance_value"`
	DesireValue   *int64          `json:"desire_value"`
	ScalingValue  *int64          `json:"scaling_value"`
	RecordedAt    time.Time       `json:"recorded_at"`
	Raw           json.RawMessage `json:"raw"` // keeps the bytes as they stand
}

// A rebuilt row is a journal row made from a record of the topic, with the
// action that its raw text holds.
type rebuilt struct {
	*Row
	action *action.Action
}

// rebuild makes the row of shard again that m and c are the record of. Nothing
// is taken on trust: the caller holds ChainHash of the row against m.
func rebuild(shard int, m mark, c *broker.Committed) (rebuilt, error) {
	value, err := protocol.ReadAll(c.Record.Value)
	if err != nil {
		return rebuilt{}, fmt.Errorf("read the value of seq %d: %w", m.seq, err)
	}
	var t told
	if err := json.Unmarshal(value, &t); err != nil {
		return rebuilt{}, fmt.Errorf("read the value of seq %d: %w", m.seq, err)
	}
	if len(t.Raw) == 0 || bytes.Equal(t.Raw, []byte("null")) {
		return rebuilt{}, errTruncated
	}
	a, err := action.Parse(t.Raw)
	if err != nil {
		return rebuilt{}, fmt.Errorf("parse the raw record of seq %d: %w", m.seq, err)
	}
	return rebuilt{&Row{
		Shard: shard, Seq: m.seq, RecordedAt: micro(t.RecordedAt),
		Source: t.Source, ProjectID: t.ProjectID, GroupID: t.GroupID, GroupName: t.GroupName,
		ActionID: t.ActionID, Revision: t.Revision, Change: t.Change,
		Status: t.Status, Type: t.Type, StartTime: microp(t.StartTime), EndTime: microp(t.EndTime),
		InstanceValue: t.InstanceValue, DesireValue: t.DesireValue, ScalingValue: t.ScalingValue,
		ContentHash: a.Hash, Raw: t.Raw, ChainHash: m.hash,
	}, a}, nil
}
