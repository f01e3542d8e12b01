package broker

import (
	"time"

	"github.com/segmentio/kafka-go"
)

// A Header is one header of a record.
type Header = kafka.Header

// A Record is one record to publish. Time is kept in whole milliseconds.
type Record struct {
	Key     []byte
	Value   []byte
	Time    time.Time
	Headers []Header
}

// Size bounds the bytes that the record takes in a batch, before compression.
func (r *Record) Size() int {
	const most = 5 // of a length or delta as a varint
	n := 1 + 2*most + 10 + len(r.Key) + most + len(r.Value) + most + most
	for _, h := range r.Headers {
		n += len(h.Key) + len(h.Value) + 2*most
	}
	return n
}

// Overhead bounds the bytes of a batch beside its records: its own header, and
// what compression may add to what does not compress.
const Overhead = 1024

// A Batch is records of one topic that go out together.
type Batch struct {
	Topic   string
	Records []Record
}
