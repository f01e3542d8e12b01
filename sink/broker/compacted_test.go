package broker

import (
	"context"
	"net"
	"slices"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// What breaks: compaction takes the last record of the batch that a segment ends
// with, or all records of one; the batch keeps its last offset, and the broker
// answers with it and nothing else. What must hold: reading back goes on behind it.
func TestReadBackGoesOnBehindWhatCompactionTook(t *testing.T) {
	t.Parallel()
	topic := compacted{
		{last: 12, offsets: []int64{10, 11, 12}},
		{last: 19, offsets: []int64{13, 15, 17}},
		{last: 20, offsets: []int64{20}},
		{last: 22},
		{last: 23, offsets: []int64{23}},
	}
	b := New(Config{Brokers: []string{"nobody:1"}, Wrap: func(kafka.RoundTripper) kafka.RoundTripper { return topic }})
	for from, want := range map[int64][]int64{11: {11, 12, 13, 15, 17, 20, 23}, 16: {17, 20, 23}, 18: {20, 23}, 21: {23}} {
		var seen []int64
		err := b.ReadCommitted(t.Context(), "t", 0, from, 24, func(c *Committed) error {
			seen = append(seen, c.Offset)
			return nil
		})
		if err != nil || !slices.Equal(seen, want) {
			t.Errorf("from %d: saw %d, want %d: %v", from, seen, want, err)
		}
	}
}

// A compacted topic has each batch in a segment of its own.
type compacted []struct {
	last    int64 // offset of its last record, there or not
	offsets []int64
}

func (c compacted) RoundTrip(_ context.Context, _ net.Addr, req kafka.Request) (kafka.Response, error) {
	asked := req.(*fetch.Request).Topics[0]
	part := fetch.ResponsePartition{}
	for _, batch := range c {
		if batch.last < asked.Partitions[0].FetchOffset {
			continue
		}
		var records []protocol.Record
		for _, offset := range batch.offsets {
			records = append(records, protocol.Record{Offset: offset})
		}
		part.RecordSet.Records = &protocol.RecordStream{Records: []protocol.RecordReader{
			&protocol.RecordBatch{Records: protocol.NewRecordReader(records...)},
		}}
		break
	}
	return &fetch.Response{Topics: []fetch.ResponseTopic{{Topic: asked.Topic, Partitions: []fetch.ResponsePartition{part}}}}, nil
}
