UPDATE aslog.shard_published SET stopped = NULL, stopped_kind = NULL, stopped_topic = NULL, updated_at = clock_timestamp()
WHERE shard = @shard AND stopped IS NOT NULL
  AND EXISTS (SELECT FROM aslog.shard_head WHERE shard = @shard AND owner = @owner AND epoch = @epoch)
