DELETE FROM aslog.scaling_action_load_balancer t
USING unnest(@groups::text[], @actions::text[]) AS k (group_id, action_id)
WHERE t.group_id = k.group_id AND t.action_id = k.action_id
