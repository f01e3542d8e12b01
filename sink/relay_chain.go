package sink

import "bytes"

// chained are the rows that carry the chain on from the last published one. A
// row that does not was changed, or is of another story: the journal went back
// and grew again. Its seq may be published already, with another content.
func (r *Relay) chained(at published, rows []*Row, head int64) ([]*Row, error) {
	for i, row := range rows {
		if !at.precedes(row) {
			if i > 0 {
				return rows[:i], nil // up to here all is well; the next look says the rest
			}
			return nil, r.damaged(at.seq, head)
		}
		at.seq, at.hash = row.Seq, row.ChainHash
	}
	return rows, nil
}

// ends and precedes compare chains, where the published row's is known: it is
// not for the first row of a journal whose months before are gone.
func (p published) ends(st *shardState) bool {
	return p.hash == nil || bytes.Equal(p.hash, st.headHash)
}

func (p published) precedes(next *Row) bool {
	former := p.hash
	if p.seq == 0 {
		former = make([]byte, 32) // what a shard's first row is chained to
	}
	return former == nil || bytes.Equal(ChainHash(former, next), next.ChainHash)
}

// damaged is a journal that does not go on from where the topic ends, though
// both tell one story up to there: a row is missing, or was changed.
func (r *Relay) damaged(after, head int64) *Fork {
	return r.fork(JournalDamaged, "restore the journal from a backup or the archive; nothing is published past this",
		"the journal of shard %d, which goes up to %d, does not go on from seq %d, which was published: it lacks seq %d, or holds a row there that does not follow in the chain",
		r.lease.Shard, head, after, after+1)
}
