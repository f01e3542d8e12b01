package broker

import (
	"encoding/binary"
	"time"
)

// A Record is one record to publish. Time is kept in whole milliseconds.
type Record struct {
	Key  []byte
	Time time.Time
	Body []byte // value and headers, as AppendBody begins it and AppendHeader goes on
}

// Size bounds the bytes that the record takes in a batch, before compression.
func (r *Record) Size() int {
	const most = 5 // of a length or delta as a varint
	return 1 + 2*most + 10 + most + len(r.Key) + len(r.Body)
}

// AppendBody writes a record's value, and how many headers follow it: a batch
// holds both in this form, so that what goes into two topics is written once.
func AppendBody(b, value []byte, headers int) []byte {
	return binary.AppendVarint(appendBytes(b, value), int64(headers))
}

// AppendHeader writes one header of a record, its value in parts.
func AppendHeader(b []byte, key string, value ...string) []byte {
	b = append(binary.AppendVarint(b, int64(len(key))), key...)
	n := 0
	for _, part := range value {
		n += len(part)
	}
	b = binary.AppendVarint(b, int64(n))
	for _, part := range value {
		b = append(b, part...)
	}
	return b
}

// Overhead bounds the bytes of a batch beside its records: its own header, and
// what compression may add to what does not compress.
const Overhead = 1024

// A Batch is records of one topic that go out together.
type Batch struct {
	Topic   string
	Records []Record
}
