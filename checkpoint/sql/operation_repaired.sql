-- What the tables hold by now, as the API showed it or in an answer that was
-- asked for later: by the same owner's clock, for two owners' are never compared.
UPDATE aslog.operation_difference d SET repaired_at = clock_timestamp()
FROM aslog.scaling_action a
WHERE d.operation_id = @operation AND d.group_id = @group AND d.repaired_at IS NULL AND d.kind <> 'extra'
  AND a.group_id = d.group_id AND a.action_id = d.action_id
  AND (a.content_hash = d.content_hash OR a.asked_epoch = @epoch AND a.asked_at > d.asked_at)
