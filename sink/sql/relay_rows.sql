-- The next rows to publish: as many as asked for, and no more once their texts
-- have so many bytes, not as Postgres presses them together but as they are sent.
-- A text has to be read for that, so the sum is made row by row, above whatever
-- sort there is, and no text is read behind the one that reaches it. recorded_at
-- never falls within a shard, so the last one's prunes the partitions of months
-- gone by.
WITH enough AS (
    SELECT seq FROM (
        SELECT seq, sum(octet_length(raw::text)) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) AS total
        FROM (
            SELECT seq, raw FROM aslog.journal
            WHERE shard = @shard AND seq > @after AND recorded_at >= @since
            ORDER BY seq LIMIT @rows
        ) j
    ) t
    WHERE total >= @bytes
    ORDER BY seq LIMIT 1
)
SELECT seq, recorded_at, source, project_id, group_id, group_name, action_id, revision, change,
       status, type, start_time, end_time, instance_value, desire_value, scaling_value,
       content_hash, raw::text, chain_hash
FROM aslog.journal
WHERE shard = @shard AND seq > @after AND recorded_at >= @since
  AND seq <= coalesce((SELECT seq FROM enough), 9223372036854775807)
ORDER BY seq LIMIT @rows
