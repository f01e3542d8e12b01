package sink

import (
	"context"
	"net"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/segmentio/kafka-go"
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
