-- Rows of actions, and how many rows each has in the tables below it; a child
-- without an action comes as an action of its own, so that it is not overlooked.
WITH child AS (
    SELECT group_id, action_id, 1 AS instance, 0 AS balancer, 0 AS reason FROM aslog.scaling_action_instance
    UNION ALL
    SELECT group_id, action_id, 0, 1, 0 FROM aslog.scaling_action_load_balancer
    UNION ALL
    SELECT group_id, action_id, 0, 0, 1 FROM aslog.scaling_action_reason
), counted AS (
    SELECT group_id, action_id, sum(instance) AS instances, sum(balancer) AS balancers, sum(reason) AS reasons
    FROM child GROUP BY group_id, action_id
)
SELECT group_id, action_id, coalesce(a.shard, -1), coalesce(a.seq, 0),
       ROW(project_id, revision, status, type, start_time, end_time, instance_value, desire_value, scaling_value, content_hash, changed_at)::text,
       coalesce(instances, 0)::bigint, coalesce(balancers, 0)::bigint, coalesce(reasons, 0)::bigint
FROM aslog.scaling_action a FULL JOIN counted USING (group_id, action_id)
