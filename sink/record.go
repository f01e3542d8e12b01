package sink

import (
	"encoding/hex"
	"strconv"

	"aslogd/sink/broker"
)

// The headers that aslogd itself reads back.
const (
	seqHeader   = "aslogd-seq"
	shardHeader = "aslogd-shard"
	chainHeader = "aslogd-chain"
)

// records are what the two topics get for a row: the revision under its group's
// id, and under group and action for the compacted topic. Both fit a batch of
// limit bytes where leaving something out makes that possible.
func records(r *Row, limit int) (revision, latest broker.Record, err error) {
	latest = broker.Record{
		Key:     []byte(r.GroupID + "/" + r.ActionID),
		Time:    r.RecordedAt,
		Headers: headers(r),
	}
	// The larger key decides, so that both carry the same value.
	value, err := Value(r, limit-broker.Overhead-latest.Size())
	if err != nil {
		return revision, latest, err
	}
	latest.Value = value
	revision = latest
	revision.Key = []byte(r.GroupID)
	return revision, latest, nil
}

// headers are CloudEvents 1.0 in binary mode, and aslogd's own.
func headers(r *Row) []broker.Header {
	text := func(key, value string) broker.Header { return broker.Header{Key: key, Value: []byte(value)} }
	return []broker.Header{
		text("ce_specversion", "1.0"),
		text("ce_id", r.GroupID+"/"+r.ActionID+"/"+strconv.FormatInt(r.Revision, 10)),
		text("ce_type", "aslogd.action.v1"),
		text("ce_source", "/projects/"+r.ProjectID+"/groups/"+r.GroupID),
		text("ce_subject", r.ActionID),
		text("ce_time", r.RecordedAt.UTC().Format(microseconds)),
		text("ce_dataschema", "urn:aslogd:action:v1"),
		text("content-type", "application/json"),
		text(seqHeader, strconv.FormatInt(r.Seq, 10)),
		text(shardHeader, strconv.Itoa(r.Shard)),
		text(chainHeader, hex.EncodeToString(r.ChainHash)),
	}
}

// batches packs the records of rows into batches of limit bytes at the most,
// those of the first topic before those of the second, and says which batch
// holds the last row in the first topic.
func batches(rows []*Row, prefix string, limit int) (list []broker.Batch, last int, err error) {
	revisions := packer{topic: broker.ActionsTopic(prefix), limit: limit}
	latests := packer{topic: broker.LatestTopic(prefix), limit: limit}
	for _, r := range rows {
		revision, latest, err := records(r, limit)
		if err != nil {
			return nil, 0, err
		}
		revisions.add(revision)
		latests.add(latest)
	}
	return append(revisions.done, latests.done...), len(revisions.done) - 1, nil
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
