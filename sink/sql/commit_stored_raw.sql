-- The text of records that were hashed under another normal form. changed_at
-- is the recorded_at of the newest revision, so one month is looked into.
SELECT a.group_id, a.action_id, coalesce(a.raw, j.raw)
FROM unnest(@groups::text[], @actions::text[]) AS k (group_id, action_id)
JOIN aslog.scaling_action a USING (group_id, action_id)
LEFT JOIN aslog.journal j ON j.recorded_at = a.changed_at AND j.shard = a.shard AND j.seq = a.seq
