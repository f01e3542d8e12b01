-- The last column is what a revision shares with the row of its action.
SELECT shard, seq, recorded_at, source, project_id, group_id, group_name, action_id,
       revision, change, status, type, start_time, end_time, instance_value, desire_value,
       scaling_value, content_hash, raw::text, chain_hash,
       ROW(project_id, revision, status, type, start_time, end_time, instance_value, desire_value, scaling_value, content_hash, recorded_at)::text
FROM aslog.journal
ORDER BY shard, seq
