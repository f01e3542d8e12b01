-- A share lock: a claim waits until this transaction has ended.
SELECT FROM aslog.shard_head
WHERE shard = @shard AND owner = @owner AND epoch = @epoch
FOR SHARE
