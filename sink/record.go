package sink

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"time"

	"aslogd/ingest/action"
	"aslogd/sink/broker"
)

// The headers that aslogd itself reads back.
const (
	seqHeader   = "aslogd-seq"
	shardHeader = "aslogd-shard"
	chainHeader = "aslogd-chain"
)

// headers is how many a record has.
const headers = 11

// appendHeaders writes CloudEvents 1.0 in binary mode, and aslogd's own.
func appendHeaders(b []byte, r *Row) []byte {
	b = broker.AppendHeader(b, "ce_specversion", "1.0")
	b = broker.AppendHeader(b, "ce_id", r.GroupID, "/", r.ActionID, "/", strconv.FormatInt(r.Revision, 10))
	b = broker.AppendHeader(b, "ce_type", "aslogd.action.v1")
	b = broker.AppendHeader(b, "ce_source", "/projects/", r.ProjectID, "/groups/", r.GroupID)
	b = broker.AppendHeader(b, "ce_subject", r.ActionID)
	b = broker.AppendHeader(b, "ce_time", r.RecordedAt.UTC().Format(microseconds))
	b = broker.AppendHeader(b, "ce_dataschema", "urn:aslogd:action:v1")
	b = broker.AppendHeader(b, "content-type", "application/json")
	b = broker.AppendHeader(b, seqHeader, strconv.FormatInt(r.Seq, 10))
	b = broker.AppendHeader(b, shardHeader, strconv.Itoa(r.Shard))
	return broker.AppendHeader(b, chainHeader, hex.EncodeToString(r.ChainHash))
}

// A message is what the topics get for a row: the revision under its group's id,
// and under group and action for the compacted topic.
type message struct {
	seq    int64
	at     time.Time // recorded_at
	hash   []byte    // of the chain
	raw    int       // bytes of the raw record
	group  int       // bytes of the group's id, with which key begins
	needs  int       // the smallest limit of a batch that leaves it as it is
	latest broker.Record
}

// revision is the same record under its group's id.
func (m *message) revision() broker.Record {
	r := m.latest
	r.Key = r.Key[:m.group:m.group]
	return r
}

// fits reports whether a batch of limit bytes leaves the message as it is.
func (m *message) fits(limit int) bool { return m.needs <= limit }

// keptValue bounds the room that a maker keeps; more is for a record that is not
// usual.
const keptValue = 512 << 10

// A maker makes messages, one after the other, and keeps room for the next.
type maker struct{ value, headers []byte }

// message is what the topics get for a row, of which a is the raw record. It fits
// a batch of limit bytes where leaving something out makes that possible; the
// larger key decides, so that both topics carry the same value.
func (w *maker) message(r *Row, a *action.Action, limit int) message {
	m := message{seq: r.Seq, at: r.RecordedAt, hash: r.ChainHash, raw: len(r.Raw), group: len(r.GroupID)}
	m.latest.Time = r.RecordedAt
	m.latest.Key = append(append(append(make([]byte, 0, len(r.GroupID)+1+len(r.ActionID)), r.GroupID...), '/'), r.ActionID...)
	w.headers = appendHeaders(w.headers[:0], r)
	const counts = 2 * binary.MaxVarintLen32 // how long the value is, and how many headers follow it
	m.needs = broker.Overhead + m.latest.Size() + counts + len(w.headers)
	w.value = appendFitting(w.value[:0], r, a, limit-m.needs)
	m.needs += len(w.value)
	m.latest.Body = make([]byte, 0, counts+len(w.value)+len(w.headers))
	m.latest.Body = append(broker.AppendBody(m.latest.Body, w.value, headers), w.headers...)
	if cap(w.value) > keptValue {
		w.value = nil
	}
	return m
}

// messages are those of rows, whose raw records it reads.
func messages(rows []*Row, limit int) ([]message, error) {
	var w maker
	list := make([]message, 0, len(rows))
	for _, r := range rows {
		a, err := readRaw(r)
		if err != nil {
			return nil, err
		}
		list = append(list, w.message(r, a, limit))
	}
	return list, nil
}

// batches packs messages into batches of limit bytes at the most, those of the
// first topic before those of the second, and says which batch holds the last one
// in the first topic.
func batches(list []message, prefix string, limit int) (all []broker.Batch, last int) {
	revisions := packer{topic: broker.ActionsTopic(prefix), limit: limit}
	latests := packer{topic: broker.LatestTopic(prefix), limit: limit}
	for i := range list {
		revisions.add(list[i].revision())
		latests.add(list[i].latest)
	}
	return append(revisions.done, latests.done...), len(revisions.done) - 1
}

type packer struct {
	topic string
	limit int
	size  int
	done  []broker.Batch
}

func (p *packer) add(r broker.Record) {
	size := r.Size()
	if len(p.done) == 0 || p.size+size > p.limit {
		p.done = append(p.done, broker.Batch{Topic: p.topic})
		p.size = broker.Overhead
	}
	batch := &p.done[len(p.done)-1]
	batch.Records = append(batch.Records, r)
	p.size += size
}
