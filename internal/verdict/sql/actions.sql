-- Rows of actions, and what stands in the tables below them; a child without an
-- action comes as an action of its own, so that it is not overlooked. Times are
-- microseconds, so that no format has a say.
WITH instance AS (
    SELECT group_id, action_id, jsonb_agg(jsonb_build_array(outcome, ordinal, instance_id, instance_name, failed_reason,
        failed_details, instance_config) ORDER BY outcome, ordinal) AS rows
    FROM aslog.scaling_action_instance GROUP BY group_id, action_id
), balancer AS (
    SELECT group_id, action_id, jsonb_agg(jsonb_build_array(outcome, ordinal, listener_id, pool_id, protocol_port, weight,
        listener, failed_reason, failed_details) ORDER BY outcome, ordinal) AS rows
    FROM aslog.scaling_action_load_balancer GROUP BY group_id, action_id
), reason AS (
    SELECT group_id, action_id, jsonb_agg(jsonb_build_array(ordinal, change_reason,
        (extract(epoch FROM change_time) * 1000000)::bigint, old_value, new_value, scaling_policy_id,
        scaling_policy_name) ORDER BY ordinal) AS rows
    FROM aslog.scaling_action_reason GROUP BY group_id, action_id
)
SELECT group_id, action_id, coalesce(a.shard, -1), coalesce(a.seq, 0),
       ROW(project_id, revision, status, type, start_time, end_time, instance_value, desire_value, scaling_value, content_hash, changed_at)::text,
       a.description,
       jsonb_build_array(coalesce(instance.rows, '[]'), coalesce(balancer.rows, '[]'), coalesce(reason.rows, '[]'))::text
FROM aslog.scaling_action a
FULL JOIN instance USING (group_id, action_id)
FULL JOIN balancer USING (group_id, action_id)
FULL JOIN reason USING (group_id, action_id)
