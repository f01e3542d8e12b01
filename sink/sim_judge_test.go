package sink

import (
	"bytes"
	"encoding/hex"
	"fmt"

	"aslogd/ingest"
	"aslogd/sink/broker"
)

// judgeJournal is what must hold after every commit.
func (s *simulation) judgeJournal() {
	now, was := s.db.now, s.db.before[len(s.db.before)-1]
	hash, at := was.head.hash, was.head.at
	for i, row := range now.journal[len(was.journal):] {
		// seq without a hole or a repetition; the chain follows; recorded_at
		// never falls.
		if row.Seq != was.head.seq+1+int64(i) || !bytes.Equal(row.ChainHash, ChainHash(hash, row)) || row.RecordedAt.Before(at) {
			s.fail("row %d does not follow from row %d", row.Seq, was.head.seq+int64(i))
		}
		s.former[hex.EncodeToString(row.ChainHash)] = hex.EncodeToString(hash)
		s.rows[hex.EncodeToString(row.ChainHash)] = row
		if !s.restored || !s.failed.After(s.back) {
			s.judgeSeq(row)
		}
		hash, at = row.ChainHash, row.RecordedAt
		// Reading again makes no revision, and revisions count without a hole.
		before := was.actions[key{row.GroupID, row.ActionID}]
		if row.Revision != before.revision+1 || bytes.Equal(row.ContentHash, before.hash) {
			s.fail("revision %d of %s follows revision %d", row.Revision, row.ActionID, before.revision)
		}
	}
	if !bytes.Equal(hash, now.head.hash) || now.head.seq != int64(len(now.journal)) {
		s.fail("the head is %d, the journal ends at %d", now.head.seq, len(now.journal))
	}
	// Covered only with its rows.
	for n := range simSpans {
		if !now.covered[multirange([]ingest.Span{simSpan(n)})] {
			continue
		}
		for i := range simPerSpan {
			if _, ok := now.actions[key{"g", simID(n, i)}]; !ok {
				s.fail("span %d is covered without %s", n, simID(n, i))
			}
		}
	}
}

// judgeSeq makes sure that no seq is given which the topic holds with another
// row. Where a call to Kafka failed since Postgres went back, nobody could know.
func (s *simulation) judgeSeq(row *Row) {
	for _, r := range s.topic(s.topics[0]) {
		if r.seq == row.Seq && r.chain != hex.EncodeToString(row.ChainHash) {
			s.fail("seq %d, which %s holds, is given to another row", row.Seq, s.topics[0])
		}
	}
}

// topic is what a read_committed consumer sees.
func (s *simulation) topic(name string) (seen []simRecord) {
	for _, b := range s.kafka.log(name).batches {
		if b.state == stateOpen {
			break
		}
		if b.state == stateCommitted {
			seen = append(seen, b.keys...)
		}
	}
	return seen
}

// A verdictSoFar is how much of a topic was judged; what is committed stays.
type verdictSoFar struct {
	records int
	chain   string // of the last one
}

// judgeTopics is what must hold after every transaction: each seq once, in
// order; each record a row that was in the journal, and made of it alone; and
// one story from the first to the last, whatever Postgres forgot meanwhile.
func (s *simulation) judgeTopics() {
	for _, name := range s.topics {
		so, seen := s.judged[name], s.topic(name)
		if so.records == 0 {
			so.chain = hex.EncodeToString(make([]byte, 32))
		}
		for ; so.records < len(seen); so.records++ {
			r := seen[so.records]
			row := s.rows[r.chain]
			switch {
			case r.seq != int64(so.records)+1:
				s.fail("%s: record %d is seq %d", name, so.records, r.seq)
			case row == nil || row.Seq != r.seq:
				s.fail("%s: seq %d is none of the journal's rows", name, r.seq)
			case s.former[r.chain] != so.chain:
				s.fail("%s: seq %d was published after another row than it follows in the journal", name, r.seq)
			default:
				value, err := Value(row, broker.DefaultLimit)
				if err != nil || !bytes.Equal(value, r.value) {
					s.fail("%s: seq %d is not what its row says: %v", name, r.seq, err)
				}
			}
			so.chain = r.chain
		}
		s.judged[name] = so
	}
}

// judgeEnd says what is still missing when nothing goes wrong any more.
func (s *simulation) judgeEnd() error {
	now := s.db.now
	for _, name := range s.topics {
		seen := s.topic(name)
		forked := false
		for i, r := range seen {
			forked = forked || i >= len(now.journal) || hex.EncodeToString(now.journal[i].ChainHash) != r.chain
		}
		switch {
		case forked && !s.restored:
			return fmt.Errorf("%s and the journal differ, though Postgres never went back", name)
		case forked && now.stopped == "":
			return fmt.Errorf("%s and the journal differ, and nobody says so", name)
		case forked:
			return nil
		case now.stopped != "":
			return fmt.Errorf("%s and the journal agree, and the shard stands still: %s", name, now.stopped)
		case len(seen) < len(now.journal):
			return fmt.Errorf("%s holds %d of %d rows", name, len(seen), len(now.journal))
		}
	}
	for n := range simSpans {
		if !now.covered[multirange([]ingest.Span{simSpan(n)})] {
			return fmt.Errorf("span %d is not covered", n)
		}
		for i := range simPerSpan {
			if a := now.actions[key{"g", simID(n, i)}]; !a.ended {
				return fmt.Errorf("%s has not ended", simID(n, i))
			}
		}
	}
	return nil
}
