-- The present of the actions asked for. The journal's months are not touched:
-- looking two thousand keys up in sixty of them takes thirty times as long.
SELECT a.group_id, a.action_id, a.content_hash, a.revision, a.open,
       a.asked_epoch, a.asked_at, a.earlier_hashes, a.stale_hash, a.stale_since
FROM unnest(@groups::text[], @actions::text[]) AS k (group_id, action_id)
JOIN aslog.scaling_action a USING (group_id, action_id)
