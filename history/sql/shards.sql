SELECT shard, owner, instance, epoch, expires_at, coalesce(expires_at > clock_timestamp(), false),
       head_seq, published_seq, published_at, stopped, coalesce(stopped_kind, ''),
       CASE WHEN head_seq > published_seq THEN
           (SELECT recorded_at FROM aslog.journal j WHERE j.shard = s.shard AND j.seq = s.published_seq + 1)
       END
FROM aslog.shard AS s
ORDER BY shard;
