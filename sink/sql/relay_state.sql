-- The shard as its owner sees it, and what it is known to have published; no
-- row when the shard is another's. With it, the chain hashes of journal rows that
-- the relay remembers: they stand for all that is in those. recorded_at prunes the
-- months gone by.
SELECT h.head_seq, h.head_hash, coalesce(p.published_seq, 0), p.published_hash, p.recorded_at,
       coalesce(p.cluster_id, ''), coalesce(p.topic, ''), coalesce(p.log_offset, -1), coalesce(p.stopped, ''),
       coalesce(p.stopped_kind, ''), coalesce(p.stopped_topic, ''),
       ARRAY(SELECT chain_hash FROM aslog.journal
             WHERE shard = @shard AND seq > @after AND seq <= @until AND recorded_at >= @since ORDER BY seq)
FROM aslog.shard_head h
LEFT JOIN aslog.shard_published p USING (shard)
WHERE h.shard = @shard AND h.owner = @owner AND h.epoch = @epoch
