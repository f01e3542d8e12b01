-- Only the owner under its own epoch finds the row; whoever else held it has
-- committed or failed once this returns. recorded_at never falls in a shard.
SELECT head_seq, head_hash, greatest(clock_timestamp(), head_recorded_at) AS recorded_at,
       coalesce(head_commit, '') AS head_commit
FROM aslog.shard_head
WHERE shard = @shard AND owner = @owner AND epoch = @epoch
FOR UPDATE
