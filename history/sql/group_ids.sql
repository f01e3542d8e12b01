SELECT group_id, gone_at IS NULL, unnamed_at IS NULL FROM aslog.scaling_group ORDER BY group_id
