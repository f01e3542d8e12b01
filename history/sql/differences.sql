SELECT group_id, action_id, kind, start_time, detail, explained, repaired_at IS NOT NULL
FROM aslog.operation_difference
WHERE operation_id = $1
ORDER BY explained, repaired_at IS NOT NULL, group_id, start_time, action_id
LIMIT $2
