package sink

import "bytes"

// chained are the rows that carry the chain on from the last published one. A
// row that does not was changed, or is of another story: the journal went back
// and grew again. Its seq may be published already, with another content.
func (r *Relay) chained(at published, rows []*Row) ([]*Row, error) {
	for i, row := range rows {
		if !at.precedes(row) {
			if i > 0 {
				return rows[:i], nil // up to here all is well; the next look says the rest
			}
			return nil, r.fork("compare it with a backup or the archive; nothing is published past it",
				"seq %d of shard %d does not follow from seq %d, which was published: the row was changed, or the journal went back and grew again",
				row.Seq, r.lease.Shard, at.seq)
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

func (r *Relay) broken(seq int64) *Fork {
	return r.fork("restore the journal from a backup or the archive; nothing is published past a break of its chain",
		"the journal of shard %d does not go on from seq %d as its chain says", r.lease.Shard, seq)
}
