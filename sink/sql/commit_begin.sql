INSERT INTO aslog.checkpoint (group_id, project_id, source, shard, backfill_from, tail_from, watermark, updated_at)
SELECT n.group_id, n.project_id, n.source, @shard::bigint, n.begin_from, n.begin_tail, n.begin_from, @recorded_at::timestamptz
FROM unnest(@groups::text[], @projects::text[], @sources::text[], @froms::timestamptz[], @tails::timestamptz[])
     AS n (group_id, project_id, source, begin_from, begin_tail)
ON CONFLICT (group_id) DO NOTHING
