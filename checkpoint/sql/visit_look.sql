-- The shards asked for with their owners, as of one moment.
SELECT h.shard, coalesce(h.owner, ''), h.epoch, coalesce(r.instance, ''), r.beat_at,
       coalesce(r.expires_at > clock_timestamp(), false) AS alive
FROM aslog.shard_head h
LEFT JOIN aslog.replica r ON r.incarnation = h.owner
WHERE h.shard = ANY (@shards::bigint[])
ORDER BY h.shard
