SELECT action_id, status, start_time, content_hash, asked_epoch, asked_at
FROM aslog.scaling_action
WHERE group_id = @group AND action_id = ANY (@actions)
