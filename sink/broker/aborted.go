package broker

import (
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// aborted tells batches of aborted transactions from others. The broker lists
// each aborted transaction that touches its answer by producer and first
// offset; it lasts to that producer's next marker.
type aborted map[int64][]int64 // first offsets, rising, by producer

func newAborted(list []fetch.ResponseTransaction) aborted {
	a := aborted{}
	for _, t := range list {
		a[t.ProducerID] = append(a[t.ProducerID], t.FirstOffset)
	}
	return a
}

// keeps reports whether the records of a batch count. The function it may
// return is to be called after the batch: a marker ends its transaction.
func (a aborted) keeps(records protocol.RecordReader) (bool, func()) {
	switch batch := records.(type) {
	case *protocol.ControlBatch:
		return false, func() {
			if list := a[batch.ProducerID]; len(list) > 0 && list[0] <= batch.BaseOffset {
				a[batch.ProducerID] = list[1:]
			}
		}
	case *protocol.RecordBatch:
		list := a[batch.ProducerID]
		inside := batch.Attributes.Transactional() && len(list) > 0 && list[0] <= batch.BaseOffset
		return !inside, nil
	}
	return true, nil
}
