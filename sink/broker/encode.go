package broker

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"runtime"
	"slices"
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

// writers is how many batches are written at once. Each keeps megabytes, so that a
// machine with many processors, and little memory for this, gets no more of them:
// a few write more than brokers take.
var writers = min(runtime.GOMAXPROCS(0), 4)

// compressor is for all relays at once. The quickest level it is: a step further
// takes more time for hardly less size. A checksum of its own would say what the
// batch's does. It is used once here, so that what it makes at its first use belongs
// to no caller.
var compressor = func() *zstd.Encoder {
	c, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false),
		zstd.WithEncoderConcurrency(writers), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20))
	if err != nil {
		panic(err) // only of options that there are not
	}
	c.EncodeAll(nil, nil)
	return c
}()

// A desk has room to write a batch in. Desks are kept, for new room as large would
// have to be cleared each time.
type desk struct{ plain, packed []byte }

const keptRoom = 4 << 20 // bytes; a larger one was for a record that is not usual

var desks = func() chan *desk {
	all := make(chan *desk, writers)
	for range writers {
		all <- &desk{}
	}
	return all
}()

func (d *desk) leave() {
	if cap(d.plain) > keptRoom {
		d.plain = nil
	}
	if cap(d.packed) > keptRoom {
		d.packed = nil
	}
	desks <- d
}

// encode writes a transactional batch of format 2, compressed.
func encode(records []Record, producer int64, epoch int16, sequence int32) []byte {
	d := <-desks
	defer d.leave()
	d.plain = appendRecords(slices.Grow(d.plain[:0], size(records)), records)
	d.packed = compressor.EncodeAll(d.plain, append(d.packed[:0], make([]byte, batchHeader)...))
	b := bytes.Clone(d.packed)
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

// size bounds the bytes of records.
func size(records []Record) (n int) {
	for i := range records {
		n += records[i].Size()
	}
	return n
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
