SELECT a.action_id, a.status, a.type, a.start_time, a.end_time, a.instance_value, a.desire_value, a.scaling_value,
       a.revision, a.changed_at, a.shard, a.seq,
       (SELECT string_agg(r.change_reason, ', ' ORDER BY r.ordinal) FROM aslog.scaling_action_reason r
        WHERE r.group_id = a.group_id AND r.action_id = a.action_id)
FROM aslog.scaling_action a
WHERE a.group_id = $1
ORDER BY a.start_time DESC NULLS LAST, a.action_id
LIMIT $2;
