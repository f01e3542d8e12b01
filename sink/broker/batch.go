package broker

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	_ "github.com/segmentio/kafka-go/zstd" // the codec that encode asks for
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

// Places in an encoded batch, after the four bytes of its size. kafka-go leaves
// the producer's fields at −1, so they are written over, and the checksum, which
// covers everything from the attributes on, is made again.
const (
	sizePrefix = 4
	atChecksum = sizePrefix + 17
	atBody     = sizePrefix + 21
	atProducer = sizePrefix + 43
	atEpoch    = sizePrefix + 51
	atSequence = sizePrefix + 53
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encode writes a transactional batch of format 2, compressed.
func encode(records []Record, producer int64, epoch int16, sequence int32) ([]byte, error) {
	list := make([]protocol.Record, len(records))
	for i := range records {
		r := &records[i]
		list[i] = protocol.Record{
			Key:     protocol.NewBytes(r.Key),
			Value:   protocol.NewBytes(r.Value),
			Time:    r.Time,
			Headers: r.Headers,
		}
	}
	set := protocol.RecordSet{
		Version:    2,
		Attributes: protocol.Transactional | protocol.Zstd,
		Records:    protocol.NewRecordReader(list...),
	}
	var buf bytes.Buffer
	if _, err := set.WriteTo(&buf); err != nil {
		return nil, fmt.Errorf("encode a batch of %d records: %w", len(records), err)
	}
	b := buf.Bytes()
	binary.BigEndian.PutUint64(b[atProducer:], uint64(producer))
	binary.BigEndian.PutUint16(b[atEpoch:], uint16(epoch))
	binary.BigEndian.PutUint32(b[atSequence:], uint32(sequence))
	binary.BigEndian.PutUint32(b[atChecksum:], crc32.Checksum(b[atBody:], castagnoli))
	return b, nil
}
