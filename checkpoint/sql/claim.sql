-- The epoch decides: of several claimants of one epoch exactly one gets a row.
UPDATE aslog.shard_head h
SET owner = @incarnation, epoch = h.epoch + 1
WHERE h.shard = @shard
  AND h.epoch = @seen
  AND h.owner IS NOT DISTINCT FROM nullif(@owner, '')
  AND NOT EXISTS (SELECT FROM aslog.replica r
                  WHERE r.incarnation = h.owner AND r.expires_at > clock_timestamp())
RETURNING h.epoch
