-- What the journal says of rows that the relay's own process committed: their
-- chain hashes stand for all that is in them.
SELECT seq, chain_hash FROM aslog.journal
WHERE shard = @shard AND seq > @after AND seq <= @until AND recorded_at >= @since
ORDER BY seq
