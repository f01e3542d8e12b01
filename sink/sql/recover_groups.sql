-- Groups that were found after the state that Postgres went back to. Those that
-- live are listed soon; those that do not are found to be gone.
INSERT INTO aslog.scaling_group (group_id, project_id, source, name, shard, first_seen_at, changed_at)
SELECT group_id, project_id, source, name, @shard::bigint, seen, clock_timestamp()
FROM unnest(@groups::text[], @projects::text[], @sources::text[], @names::text[], @seen::timestamptz[])
     AS n (group_id, project_id, source, name, seen)
ON CONFLICT (group_id) DO NOTHING
