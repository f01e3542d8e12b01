-- Notes how far the topic is, if the shard is still ours. Within one topic of
-- one cluster it never goes back.
INSERT INTO aslog.shard_published AS p
    (shard, published_seq, published_at, published_hash, recorded_at, cluster_id, topic, log_offset, stopped, updated_at)
SELECT h.shard, @seq, clock_timestamp(), @hash, @recorded_at, @cluster, @topic, @offset, NULL, clock_timestamp()
FROM aslog.shard_head h
WHERE h.shard = @shard AND h.owner = @owner AND h.epoch = @epoch
ON CONFLICT (shard) DO UPDATE SET
    published_seq = excluded.published_seq,
    published_at = CASE WHEN p.published_seq = excluded.published_seq THEN p.published_at ELSE excluded.published_at END,
    published_hash = excluded.published_hash,
    recorded_at = excluded.recorded_at,
    cluster_id = excluded.cluster_id,
    topic = excluded.topic,
    log_offset = excluded.log_offset,
    stopped = NULL, stopped_kind = NULL, stopped_topic = NULL,
    updated_at = excluded.updated_at
WHERE p.topic IS DISTINCT FROM excluded.topic
   OR p.cluster_id IS DISTINCT FROM excluded.cluster_id
   OR p.published_seq <= excluded.published_seq
