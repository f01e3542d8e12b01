DELETE FROM aslog.scaling_action_instance t
USING unnest(@groups::text[], @actions::text[]) AS k (group_id, action_id)
WHERE t.group_id = k.group_id AND t.action_id = k.action_id
