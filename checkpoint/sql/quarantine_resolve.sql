-- A later read took the record: it is stored, and this field of it could be read.
UPDATE aslog.quarantine SET resolved_at = clock_timestamp()
WHERE group_id = @group AND action_id = @action AND resolved_at IS NULL AND reason <> ALL (@reasons)
  AND EXISTS (SELECT FROM aslog.scaling_action a WHERE a.group_id = @group AND a.action_id = @action)
