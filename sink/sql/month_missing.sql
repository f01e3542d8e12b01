-- The month that the shard's next row falls into.
SELECT aslog.make_journal_month((greatest(clock_timestamp(), head_recorded_at) AT TIME ZONE 'UTC')::date)
FROM aslog.shard_head WHERE shard = @shard
