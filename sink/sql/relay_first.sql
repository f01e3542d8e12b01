-- The oldest row that the journal still holds of the shard.
SELECT seq FROM aslog.journal WHERE shard = @shard ORDER BY seq LIMIT 1
