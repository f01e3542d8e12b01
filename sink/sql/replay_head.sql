-- Where each shard's journal ends now: a replay ends there too.
SELECT shard, head_seq FROM aslog.shard_head ORDER BY shard
