-- All shards and all members, as of one moment. A member without a shard has no
-- shard number; a shard whose owner has no heartbeat left has no incarnation.
SELECT h.shard, h.owner, h.epoch,
       r.incarnation, r.beat_at, coalesce(r.expires_at > clock_timestamp(), false) AS alive
FROM aslog.shard_head h
FULL JOIN aslog.replica r ON r.incarnation = h.owner
ORDER BY h.shard
