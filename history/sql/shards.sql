SELECT shard, owner, instance, epoch, expires_at, coalesce(expires_at > clock_timestamp(), false),
       head_seq, published_seq, published_at, stopped
FROM aslog.shard
ORDER BY shard;
