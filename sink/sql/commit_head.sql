-- The journal's end moves only where rows were written.
UPDATE aslog.shard_head SET
    head_recorded_at = CASE WHEN head_seq = @seq THEN head_recorded_at ELSE @recorded_at END,
    head_seq = @seq, head_hash = @hash, head_commit = @commit
WHERE shard = @shard AND owner = @owner AND epoch = @epoch
