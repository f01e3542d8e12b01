package sink

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"strconv"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

type simLog struct{ batches []*simBatch }

type simBatch struct {
	base    int64
	records []protocol.Record // none: a marker
	keys    []simRecord
	state   int // of its transaction: open, or how it ended
	commit  bool
}

const (
	stateOpen = iota
	stateCommitted
	stateAborted
)

// A simRecord is what the judge looks at.
type simRecord struct {
	seq   int64
	chain string
	value []byte
}

func (l *simLog) end() int64 {
	if len(l.batches) == 0 {
		return 0
	}
	b := l.batches[len(l.batches)-1]
	return b.base + max(1, int64(len(b.records)))
}

func (l *simLog) stable() int64 {
	for _, b := range l.batches {
		if b.state == stateOpen {
			return b.base
		}
	}
	return l.end()
}

func (k *simKafka) log(topic string) *simLog {
	if k.logs[topic] == nil {
		k.logs[topic] = &simLog{}
	}
	return k.logs[topic]
}

func (k *simKafka) produce(topic string, from io.Reader) (int64, int16) {
	data, err := io.ReadAll(from)
	if err != nil {
		k.sim.fail("a batch that cannot be read: %v", err)
	}
	producerEpoch := int16(data[4+51])<<8 | int16(data[4+52])
	switch {
	case producerEpoch != k.epoch:
		return 0, int16(kafka.InvalidProducerEpoch)
	case k.txn != txnOpen:
		return 0, int16(kafka.InvalidTransactionState)
	}
	var set protocol.RecordSet
	if _, err := set.ReadFrom(bytes.NewReader(k.plain(data))); err != nil {
		k.sim.fail("a batch that cannot be read: %v", err)
	}
	l := k.log(topic)
	b := &simBatch{base: l.end()}
	for {
		r, err := set.Records.ReadRecord()
		if err != nil {
			break
		}
		key, _ := protocol.ReadAll(r.Key)
		value, _ := protocol.ReadAll(r.Value)
		rec := simRecord{value: value}
		for _, h := range r.Headers {
			switch h.Key {
			case seqHeader:
				rec.seq, _ = strconv.ParseInt(string(h.Value), 10, 64)
			case chainHeader:
				rec.chain = string(h.Value)
			}
		}
		b.keys = append(b.keys, rec)
		b.records = append(b.records, protocol.Record{Offset: b.base + int64(len(b.records)), Key: protocol.NewBytes(key), Headers: r.Headers})
	}
	l.batches = append(l.batches, b)
	return b.base, 0
}

// plain is a batch without compression. kafka-go's own decoder keeps readers for
// later, with channels that no other bubble may touch.
func (k *simKafka) plain(data []byte) []byte {
	const prefix, attributes, body = 4, 4 + 21, 4 + 61
	records, err := k.zstd.DecodeAll(data[body:], bytes.Clone(data[:body]))
	if err != nil {
		k.sim.fail("a batch that cannot be read: %v", err)
	}
	records[attributes+1] &^= 7
	binary.BigEndian.PutUint32(records, uint32(len(records)-prefix))
	binary.BigEndian.PutUint32(records[prefix+8:], uint32(len(records)-prefix-12))
	binary.BigEndian.PutUint32(records[prefix+17:], crc32.Checksum(records[attributes:], crc32.MakeTable(crc32.Castagnoli)))
	return records
}

func (k *simKafka) fetch(topic string, from int64) (p fetch.ResponsePartition) {
	l := k.log(topic)
	stream := &protocol.RecordStream{}
	for _, b := range l.batches {
		switch {
		case b.base+max(1, int64(len(b.records))) <= from:
			continue
		case b.state == stateOpen:
			p.RecordSet.Records = stream
			return p
		case len(b.records) == 0:
			stream.Records = append(stream.Records, &protocol.ControlBatch{
				BaseOffset: b.base, ProducerID: 7, Records: protocol.NewRecordReader(protocol.Record{Offset: b.base}),
			})
			continue
		case b.state == stateAborted:
			p.AbortedTransactions = append(p.AbortedTransactions, fetch.ResponseTransaction{ProducerID: 7, FirstOffset: b.base})
		}
		stream.Records = append(stream.Records, &protocol.RecordBatch{
			Attributes: protocol.Transactional, BaseOffset: b.base, ProducerID: 7, Records: protocol.NewRecordReader(b.records...),
		})
	}
	p.RecordSet.Records = stream
	return p
}
