package broker

import (
	"encoding/binary"
	"hash/crc32"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/segmentio/kafka-go/protocol"
)

// A batch of format 2, after the four bytes of its size, is
//
//	offset of its first record  8   0: the broker's to say
//	bytes from here on          4
//	leader epoch                4   -1
//	format                      1   2
//	checksum                    4   CRC-32C of all that follows
//	attributes                  2   transactional, zstd
//	offset of its last record   4   from the first
//	time of the first record    8   in milliseconds
//	greatest time               8
//	producer, epoch, sequence   8 2 4
//	number of records           4
//
// and then the records, compressed as one. Source: the Kafka documentation,
// "Message Format", "Record Batch".
const (
	sizePrefix   = 4
	afterLength  = sizePrefix + 12
	atFormat     = sizePrefix + 16
	atChecksum   = sizePrefix + 17
	atAttributes = sizePrefix + 21
	batchHeader  = sizePrefix + 61
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// compressor is for all relays at once. The quickest level it is: a step further
// takes twice the time for a tenth of the size. It is used once here, so that
// what it makes at its first use belongs to no caller.
var compressor = func() *zstd.Encoder {
	c, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20))
	if err != nil {
		panic(err) // only of options that there are not
	}
	c.EncodeAll(nil, nil)
	return c
}()

// plain are buffers for records before their compression.
var plain = sync.Pool{New: func() any { return new([]byte) }}

// encode writes a transactional batch of format 2, compressed.
func encode(records []Record, producer int64, epoch int16, sequence int32) []byte {
	room := plain.Get().(*[]byte)
	defer plain.Put(room)
	*room = appendRecords((*room)[:0], records)

	b := make([]byte, batchHeader, batchHeader+len(*room)/3)
	b = compressor.EncodeAll(*room, b)
	first, last := times(records)
	put := binary.BigEndian
	put.PutUint32(b, uint32(len(b)-sizePrefix))
	put.PutUint32(b[sizePrefix+8:], uint32(len(b)-afterLength))
	put.PutUint32(b[afterLength:], ^uint32(0))
	b[atFormat] = 2
	put.PutUint16(b[atAttributes:], uint16(protocol.Transactional|protocol.Zstd))
	put.PutUint32(b[atAttributes+2:], uint32(len(records)-1))
	put.PutUint64(b[atAttributes+6:], uint64(first))
	put.PutUint64(b[atAttributes+14:], uint64(last))
	put.PutUint64(b[atAttributes+22:], uint64(producer))
	put.PutUint16(b[atAttributes+30:], uint16(epoch))
	put.PutUint32(b[atAttributes+32:], uint32(sequence))
	put.PutUint32(b[atAttributes+36:], uint32(len(records)))
	put.PutUint32(b[atChecksum:], crc32.Checksum(b[atAttributes:], castagnoli))
	return b
}

// times are that of the first record, and the greatest.
func times(records []Record) (first, greatest int64) {
	for i := range records {
		at := records[i].Time.UnixMilli()
		if i == 0 {
			first = at
		}
		greatest = max(greatest, at)
	}
	return first, greatest
}

// appendRecords writes records one after the other, each with its length first.
func appendRecords(b []byte, records []Record) []byte {
	var begin time.Time
	for i := range records {
		r := &records[i]
		if i == 0 {
			begin = r.Time
		}
		after := r.Time.UnixMilli() - begin.UnixMilli()
		b = binary.AppendVarint(b, int64(length(r, after, i)))
		b = append(b, 0) // attributes, of which there are none
		b = binary.AppendVarint(b, after)
		b = binary.AppendVarint(b, int64(i))
		b = appendBytes(b, r.Key)
		b = append(b, r.Body...)
	}
	return b
}

// appendBytes writes bytes with their length; none at all is −1.
func appendBytes(b, text []byte) []byte {
	if text == nil {
		return binary.AppendVarint(b, -1)
	}
	return append(binary.AppendVarint(b, int64(len(text))), text...)
}

// length is how many bytes a record takes after the one that says so.
func length(r *Record, after int64, delta int) int {
	return 1 + varint(after) + varint(int64(delta)) + sized(r.Key) + len(r.Body)
}

func sized(text []byte) int {
	if text == nil {
		return varint(-1)
	}
	return varint(int64(len(text))) + len(text)
}

// varint is how many bytes a number takes: seven bits each, the sign in the
// lowest.
func varint(v int64) int {
	n := 1
	for u := uint64(v<<1) ^ uint64(v>>63); u >= 0x80; u >>= 7 {
		n++
	}
	return n
}
