-- The texts of the revisions before the present one. They lie before it in the
-- shard, mostly not far: the index is followed backwards until all are found, and
-- no further than reach rows, for the shard's row is locked.
SELECT a.group_id, a.action_id, e.raw
FROM unnest(@groups::text[], @actions::text[]) AS k (group_id, action_id)
JOIN aslog.scaling_action a USING (group_id, action_id),
     LATERAL (SELECT j.raw FROM aslog.journal j
              WHERE j.shard = a.shard AND j.seq < a.seq AND j.seq >= a.seq - @reach::bigint
                AND j.group_id = a.group_id AND j.action_id = a.action_id
                AND j.recorded_at >= a.first_seen_at AND j.recorded_at <= a.changed_at
              ORDER BY j.seq DESC LIMIT a.revision - 1) e
