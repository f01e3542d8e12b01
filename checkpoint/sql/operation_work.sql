-- The parts of a shard that have not ended, oldest operation first. A group
-- without a checkpoint has to be met by its own reading first.
SELECT p.operation_id, o.command, coalesce(o.arguments->>'repair', 'false') = 'true',
       p.group_id, p.from_time, p.to_time, p.position
FROM aslog.operation_part p
JOIN aslog.operation o ON o.id = p.operation_id
WHERE p.shard = @shard AND p.ended_at IS NULL
  AND NOT (p.operation_id, p.group_id) IN (SELECT * FROM unnest(@operations::bigint[], @groups::text[]))
  AND EXISTS (SELECT FROM aslog.checkpoint c WHERE c.group_id = p.group_id)
ORDER BY p.operation_id, p.group_id
LIMIT @most
