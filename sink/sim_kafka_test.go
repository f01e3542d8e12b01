package sink

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/addpartitionstotxn"
	"github.com/segmentio/kafka-go/protocol/describeconfigs"
	"github.com/segmentio/kafka-go/protocol/endtxn"
	"github.com/segmentio/kafka-go/protocol/fetch"
	"github.com/segmentio/kafka-go/protocol/initproducerid"
	"github.com/segmentio/kafka-go/protocol/listoffsets"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/segmentio/kafka-go/protocol/produce"
	"github.com/segmentio/kafka-go/protocol/rawproduce"
)

// A simKafka is a broker with one partition of each topic and one transactional
// id, exact in what the relay relies on: epochs fence, a decided commit shows
// only once its markers are written, and the last stable offset stands before
// what is open.
type simKafka struct {
	sim    *simulation
	epoch  int16 // of the one producer id there is
	txn    int   // txnNone, txnOpen, txnDecided
	serial int   // of transactions, so that a timer knows its own
	logs   map[string]*simLog
	zstd   *zstd.Decoder
}

const (
	txnNone = iota
	txnOpen
	txnDecided
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

// A simLine is one process's connection to the broker.
type simLine struct {
	*actor
	kafka *simKafka
}

func (l simLine) RoundTrip(ctx context.Context, _ net.Addr, req kafka.Request) (kafka.Response, error) {
	var res kafka.Response
	err := l.step(ctx, func() error {
		res = l.kafka.answer(req)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

func (k *simKafka) log(topic string) *simLog {
	if k.logs[topic] == nil {
		k.logs[topic] = &simLog{}
	}
	return k.logs[topic]
}

func (k *simKafka) answer(req kafka.Request) kafka.Response {
	fenced := func(epoch int16) int16 {
		switch {
		case epoch != k.epoch:
			return int16(kafka.ProducerFenced)
		case k.txn == txnDecided:
			return int16(kafka.ConcurrentTransactions)
		}
		return 0
	}
	switch r := req.(type) {
	case *metadata.Request:
		return &metadata.Response{ClusterID: "sim"}
	case *describeconfigs.Request:
		return &describeconfigs.Response{Resources: []describeconfigs.ResponseResource{{
			ConfigEntries: []describeconfigs.ResponseConfigEntry{{ConfigName: "max.message.bytes", ConfigValue: "1048588"}},
		}}}
	case *initproducerid.Request:
		if k.txn == txnDecided {
			return &initproducerid.Response{ErrorCode: int16(kafka.ConcurrentTransactions)}
		}
		if k.txn == txnOpen {
			k.finish(false)
		}
		k.epoch++
		return &initproducerid.Response{ProducerID: 7, ProducerEpoch: k.epoch}
	case *addpartitionstotxn.Request:
		code := fenced(r.ProducerEpoch)
		if code == 0 && k.txn == txnNone {
			k.begin(15 * time.Second)
		}
		res := &addpartitionstotxn.Response{}
		for _, t := range r.Topics {
			res.Results = append(res.Results, addpartitionstotxn.ResponseResult{
				Name: t.Name, Results: []addpartitionstotxn.ResponsePartition{{ErrorCode: code}},
			})
		}
		return res
	case *rawproduce.Request:
		t := r.Topics[0]
		offset, code := k.produce(t.Topic, t.Partitions[0].RecordSet.Reader)
		return &produce.Response{Topics: []produce.ResponseTopic{{
			Topic: t.Topic, Partitions: []produce.ResponsePartition{{BaseOffset: offset, ErrorCode: code}},
		}}}
	case *endtxn.Request:
		code := fenced(r.ProducerEpoch)
		switch {
		case code != 0:
		case k.txn != txnOpen:
			code = int16(kafka.InvalidTransactionState)
		default:
			k.decide()
		}
		return &endtxn.Response{ErrorCode: code}
	case *listoffsets.Request:
		t := r.Topics[0]
		offset := int64(0)
		if t.Partitions[0].Timestamp == -1 {
			offset = k.log(t.Topic).stable()
		}
		return &listoffsets.Response{Topics: []listoffsets.ResponseTopic{{
			Topic: t.Topic, Partitions: []listoffsets.ResponsePartition{{Offset: offset}},
		}}}
	case *fetch.Request:
		t := r.Topics[0]
		return &fetch.Response{Topics: []fetch.ResponseTopic{{
			Topic: t.Topic, Partitions: []fetch.ResponsePartition{k.fetch(t.Topic, t.Partitions[0].FetchOffset)},
		}}}
	}
	panic("the relay asked something that no relay has asked before")
}

func (k *simKafka) begin(timeout time.Duration) {
	k.txn = txnOpen
	k.serial++
	serial := k.serial
	k.sim.after(timeout, func() {
		if k.txn == txnOpen && k.serial == serial {
			k.finish(false)
			k.epoch++
		}
	})
}

// decide is EndTxn: from now on it is committed, though nobody sees it yet.
func (k *simKafka) decide() {
	k.txn = txnDecided
	k.sim.after(k.sim.pause(time.Millisecond), func() { k.finish(true) })
}

// finish writes the markers.
func (k *simKafka) finish(commit bool) {
	k.txn = txnNone
	for _, topic := range k.sim.topics {
		l := k.log(topic)
		touched := false
		for _, b := range l.batches {
			if b.state == stateOpen {
				touched = true
				if b.state = stateAborted; commit {
					b.state = stateCommitted
				}
			}
		}
		if touched {
			l.batches = append(l.batches, &simBatch{base: l.end(), commit: commit, state: stateCommitted})
		}
	}
	if commit {
		k.sim.judgeTopics()
	}
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
