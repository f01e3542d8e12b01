-- The present of one action. What is asked for is the first action from this one
-- on, in the order of the primary key, so that no other index will do: a plan that
-- was made while the table was empty may be kept for long, and an index that knows
-- the group alone would look as good to it.
SELECT a.group_id, a.action_id, a.content_hash, a.revision, a.open,
       a.asked_epoch, a.asked_at, a.earlier_hashes, a.stale_hash, a.stale_since
FROM (SELECT * FROM aslog.scaling_action
      WHERE group_id = (@groups::text[])[1] AND action_id >= (@actions::text[])[1]
      ORDER BY action_id LIMIT 1) a
WHERE a.action_id = (@actions::text[])[1]
