UPDATE aslog.shard_head SET head_seq = @seq, head_hash = @hash, head_recorded_at = @recorded_at, head_commit = @commit
WHERE shard = @shard AND owner = @owner AND epoch = @epoch
