-- What is to be remembered of answers that made no revision: an earlier
-- payload that is shown again, or no longer, and a hash under a newer form.
UPDATE aslog.scaling_action a SET
    content_hash = n.content_hash, stale_hash = n.stale_hash, stale_since = n.stale_since
FROM unnest(@groups::text[], @actions::text[], @hashes::bytea[], @stale_hashes::bytea[], @stale_sinces::timestamptz[])
     AS n (group_id, action_id, content_hash, stale_hash, stale_since)
WHERE a.group_id = n.group_id AND a.action_id = n.action_id
