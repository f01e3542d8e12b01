-- What is stored of a span and was last changed by an answer from before the
-- moment: what came later than a reading began may be absent from it.
SELECT action_id, status, start_time, content_hash, asked_at
FROM aslog.scaling_action
WHERE group_id = @group AND start_time >= @from AND start_time < @to AND asked_at < @before
