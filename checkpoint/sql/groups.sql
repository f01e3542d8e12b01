-- The groups of a shard as a worker needs them; with @changed_since, those that
-- changed from then on. Some rows come a second time then: see Store.News.
SELECT g.group_id, g.project_id, g.source, g.name, g.shard, g.create_time, g.first_seen_at,
       coalesce(g.is_scaling, false), g.hinted_at, g.gone_at, g.unnamed_at IS NOT NULL, g.changed_at,
       c.group_id IS NOT NULL, c.backfill_from, c.tail_from, c.covered,
       c.lost_retention + c.lost_offset_cap + c.lost_gone, c.lost_gone - c.lost_retention - c.lost_offset_cap, c.oldest_shown, c.age_shown, c.lateness, c.updated_at, coalesce(c.parked, false),
       ARRAY(SELECT (extract(epoch FROM s.stage) * 1000000)::bigint FROM aslog.settle s WHERE s.group_id = g.group_id ORDER BY s.stage),
       ARRAY(SELECT s.reached FROM aslog.settle s WHERE s.group_id = g.group_id ORDER BY s.stage),
       -- Sorted, so that the index that knows the order is taken even where it was planned while the table was empty.
       (SELECT a.start_time FROM aslog.scaling_action a WHERE a.group_id = g.group_id AND a.start_time <= now() ORDER BY a.start_time DESC LIMIT 1)
FROM aslog.scaling_group g
LEFT JOIN aslog.checkpoint c USING (group_id)
WHERE g.shard = @shard AND g.changed_at >= coalesce(@changed_since::timestamptz, '-infinity')
ORDER BY g.group_id
