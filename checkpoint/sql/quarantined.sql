SELECT DISTINCT action_id
FROM aslog.quarantine
WHERE group_id = @group AND action_id IS NOT NULL AND resolved_at IS NULL
ORDER BY action_id
