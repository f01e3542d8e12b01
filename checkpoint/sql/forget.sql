-- Rows of replicas that ended without a word, once nothing is theirs any more.
DELETE FROM aslog.replica r
WHERE r.expires_at < clock_timestamp() - interval '1 hour'
  AND NOT EXISTS (SELECT FROM aslog.shard_head h WHERE h.owner = r.incarnation)
