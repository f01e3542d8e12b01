-- What the journal says of one seq. The index serves it in each partition.
SELECT chain_hash, recorded_at FROM aslog.journal WHERE shard = @shard AND seq = @seq
