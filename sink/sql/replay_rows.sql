-- The next rows to publish again: as many as asked for, and no more once their
-- texts have so many bytes; see relay_rows.sql. recorded_at prunes the months.
WITH enough AS (
    SELECT seq FROM (
        SELECT seq, sum(octet_length(raw::text)) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) AS total
        FROM (
            SELECT seq, raw FROM aslog.journal
            WHERE shard = @shard AND seq > @after AND seq <= @until
              AND recorded_at >= @from AND recorded_at < @to
              AND (cardinality(@groups::text[]) = 0 OR group_id = ANY (@groups::text[]))
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
WHERE shard = @shard AND seq > @after AND seq <= @until
  AND recorded_at >= @from AND recorded_at < @to
  AND (cardinality(@groups::text[]) = 0 OR group_id = ANY (@groups::text[]))
  AND seq <= coalesce((SELECT seq FROM enough), 9223372036854775807)
ORDER BY seq LIMIT @rows
