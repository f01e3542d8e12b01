-- Groups that the configuration names. What is known of them already stands.
INSERT INTO aslog.scaling_group (group_id, project_id, source, shard, first_seen_at, hinted_at, changed_at)
SELECT group_id, @project, @source, shard, t, t, t
FROM unnest(@ids::text[], @shards::bigint[]) AS l(group_id, shard), clock_timestamp() AS t
ON CONFLICT (group_id) DO NOTHING
