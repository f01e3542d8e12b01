package verdict

import (
	"fmt"
	"strconv"
)

// judgeTopic asks of each record whether it is the journal row after the one
// before it, and of each row whether it is there.
func (e *Evidence) judgeTopic(v *Verdict) {
	rows := map[int][]*Revision{}
	for i := range e.Journal {
		rows[e.Journal[i].Shard] = append(rows[e.Journal[i].Shard], &e.Journal[i])
	}
	seen := map[int]int{}
	for _, r := range e.Records {
		seq, err := strconv.Atoi(r.Seq)
		at := rows[r.Partition]
		switch {
		case err != nil || seq < 1 || seq > len(at) || fmt.Sprintf("%x", at[seq-1].ChainHash) != r.Chain ||
			fmt.Sprintf("%s/%s/%d", at[seq-1].GroupID, at[seq-1].ActionID, at[seq-1].Revision) != r.ID:
			v.note(&v.Repeated, "partition %d holds %q with seq %q, which is no row of the journal", r.Partition, r.ID, r.Seq)
		case seq != seen[r.Partition]+1:
			v.note(&v.Repeated, "partition %d holds seq %d after %d", r.Partition, seq, seen[r.Partition])
		default:
			seen[r.Partition]++
			if otherwise := r.tells(at[seq-1], at[seq-1].GroupID); otherwise != "" {
				v.note(&v.Wrong, "seq %d of partition %d has %s", seq, r.Partition, otherwise)
			}
		}
	}
	for shard, at := range rows {
		for _, r := range at[min(seen[shard], len(at)):] {
			v.note(&v.Missing, "seq %d of shard %d is not in the topic", r.Seq, shard)
		}
	}
}

// judgeLatest asks whether the compacted topic, read to its end, leaves each
// action in its newest revision. Compaction may have taken older ones out, so
// that seq only has to rise.
func (e *Evidence) judgeLatest(v *Verdict, newest map[Key]*Revision) {
	last, seen := map[string]Record{}, map[int]int{}
	for _, r := range e.Latest {
		seq, err := strconv.Atoi(r.Seq)
		if err != nil || seq <= seen[r.Partition] {
			v.note(&v.Repeated, "partition %d of the compacted topic holds seq %q after %d", r.Partition, r.Seq, seen[r.Partition])
		}
		last[r.Key], seen[r.Partition] = r, max(seq, seen[r.Partition])
	}
	for k, r := range newest {
		key := k.Group + "/" + k.Action
		record, found := last[key]
		switch {
		case !found:
			v.note(&v.Missing, "%v is not in the compacted topic", k)
		case record.Seq != strconv.FormatInt(r.Seq, 10) || record.Partition != r.Shard || record.Chain != fmt.Sprintf("%x", r.ChainHash):
			v.note(&v.Wrong, "%v stands in the compacted topic with seq %s, not %d", k, record.Seq, r.Seq)
		default:
			if otherwise := record.tells(r, key); otherwise != "" {
				v.note(&v.Wrong, "%v stands in the compacted topic with %s", k, otherwise)
			}
		}
		delete(last, key)
	}
	for key := range last {
		v.note(&v.Repeated, "%q is in the compacted topic, and in no journal", key)
	}
}
