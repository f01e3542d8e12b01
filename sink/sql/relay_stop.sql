-- Says why the shard stands still, if it is still ours.
INSERT INTO aslog.shard_published AS p (shard, stopped, updated_at)
SELECT h.shard, @stopped, clock_timestamp()
FROM aslog.shard_head h
WHERE h.shard = @shard AND h.owner = @owner AND h.epoch = @epoch
ON CONFLICT (shard) DO UPDATE SET stopped = excluded.stopped, updated_at = excluded.updated_at
WHERE p.stopped IS DISTINCT FROM excluded.stopped
