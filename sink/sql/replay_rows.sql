-- The next rows to publish again: as many as asked for, and no more once they
-- take so many bytes as stored. recorded_at prunes the months.
SELECT seq, recorded_at, source, project_id, group_id, group_name, action_id, revision, change,
       status, type, start_time, end_time, instance_value, desire_value, scaling_value,
       content_hash, raw::text, chain_hash
FROM (
    SELECT j.*, sum(pg_column_size(j.raw)) OVER (ORDER BY j.seq) - pg_column_size(j.raw) AS before
    FROM (
        SELECT * FROM aslog.journal
        WHERE shard = @shard AND seq > @after AND seq <= @until
          AND recorded_at >= @from AND recorded_at < @to
          AND (cardinality(@groups::text[]) = 0 OR group_id = ANY (@groups::text[]))
        ORDER BY seq LIMIT @rows
    ) j
) b
WHERE before < @bytes
ORDER BY seq
