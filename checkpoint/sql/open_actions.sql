-- Actions that may still end. After 7 days they are given up.
SELECT a.group_id, a.action_id, a.start_time, a.first_seen_at
FROM aslog.scaling_action a
WHERE a.open AND a.shard = @shard
  AND coalesce(a.start_time, a.first_seen_at) >= now() - interval '7 days'
  AND (@groups::text[] IS NULL OR a.group_id = ANY(@groups::text[]))
ORDER BY a.group_id, coalesce(a.start_time, a.first_seen_at), a.action_id
