-- What is stored of a span and was last changed by an answer from before the
-- moment, in the clock of the epoch's owner: what came later than a reading began
-- may be absent from it. Clocks of two owners are never compared.
SELECT action_id, status, start_time, content_hash, asked_epoch, asked_at
FROM aslog.scaling_action
WHERE group_id = @group AND start_time >= @from AND start_time < @to AND (asked_epoch, asked_at) < (@epoch::bigint, @before::timestamptz)
