-- One row a group. A group that is listed but has no checkpoint yet has nulls.
-- Actions are counted over the index alone; a group with 100,000 of them takes
-- some milliseconds.
SELECT g.source, g.group_id, g.name, g.shard, g.status, g.current_instance_number, g.desire_instance_number,
       coalesce(g.is_scaling, false), g.gone_at, g.unnamed_at, g.first_seen_at,
       c.watermark, upper(c.covered) AS newest, c.tail_from, coalesce(c.parked, false),
       coalesce(extract(epoch FROM c.lateness), 0)::double precision, upper(c.settled),
       (SELECT count(*) FROM aslog.scaling_action a WHERE a.group_id = g.group_id),
       (SELECT count(*) FROM aslog.scaling_action a WHERE a.group_id = g.group_id AND a.open),
       (SELECT max(a.start_time) FROM aslog.scaling_action a WHERE a.group_id = g.group_id)
FROM aslog.scaling_group g
LEFT JOIN aslog.checkpoint c USING (group_id)
ORDER BY g.source, g.name NULLS LAST, g.group_id;
