UPDATE aslog.shard_head SET owner = NULL
WHERE shard = @shard AND owner = @incarnation AND epoch = @epoch
