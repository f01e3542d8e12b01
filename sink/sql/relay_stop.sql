-- Says why the shard stands still, if it is still ours.
INSERT INTO aslog.shard_published AS p (shard, stopped, stopped_kind, stopped_topic, updated_at)
SELECT h.shard, @stopped, @kind, @stopped_topic, clock_timestamp()
FROM aslog.shard_head h
WHERE h.shard = @shard AND h.owner = @owner AND h.epoch = @epoch
ON CONFLICT (shard) DO UPDATE SET stopped = excluded.stopped, stopped_kind = excluded.stopped_kind,
    stopped_topic = excluded.stopped_topic, updated_at = excluded.updated_at
WHERE (p.stopped, p.stopped_kind, p.stopped_topic) IS DISTINCT FROM (excluded.stopped, excluded.stopped_kind, excluded.stopped_topic)
