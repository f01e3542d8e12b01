-- Notes how far the topic is known to mirror the journal, and whether the shard
-- stands still, if it is still ours.
INSERT INTO aslog.shard_published AS p
    (shard, published_seq, published_at, published_hash, recorded_at, cluster_id, topic, log_offset, stopped, stopped_kind, stopped_topic, updated_at)
SELECT h.shard, @seq, clock_timestamp(), @hash, @recorded_at, @cluster, @topic, @offset, @stopped, @kind, @stopped_topic, clock_timestamp()
FROM aslog.shard_head h
WHERE h.shard = @shard AND h.owner = @owner AND h.epoch = @epoch
ON CONFLICT (shard) DO UPDATE SET
    published_seq = excluded.published_seq, published_at = excluded.published_at,
    published_hash = excluded.published_hash, recorded_at = excluded.recorded_at,
    cluster_id = excluded.cluster_id, topic = excluded.topic, log_offset = excluded.log_offset,
    stopped = excluded.stopped, stopped_kind = excluded.stopped_kind, stopped_topic = excluded.stopped_topic, updated_at = excluded.updated_at
