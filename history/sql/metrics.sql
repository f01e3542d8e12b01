-- One question a scrape, over the shards that one incarnation holds: kind,
-- source, label, value. Groups that the configuration does not name are not
-- behind: nobody is to read them.
WITH held AS (SELECT shard, head_seq FROM aslog.shard_head WHERE owner = $1),
mine AS (
    SELECT c.group_id, c.source, c.watermark, c.lateness, g.gone_at
    FROM aslog.checkpoint c JOIN held USING (shard)
    LEFT JOIN aslog.scaling_group g USING (group_id)
    WHERE g.unnamed_at IS NULL
)
SELECT 'head', '', shard::text, head_seq::double precision FROM held
UNION ALL
SELECT 'watermark', source, '', extract(epoch FROM min(watermark))::double precision
FROM mine WHERE gone_at IS NULL GROUP BY source
UNION ALL
SELECT 'lateness', source, '', extract(epoch FROM max(lateness))::double precision
FROM mine WHERE gone_at IS NULL GROUP BY source
UNION ALL
SELECT 'open', m.source, '', count(a.action_id)::double precision
FROM mine m LEFT JOIN aslog.scaling_action a ON a.group_id = m.group_id AND a.open
GROUP BY m.source
UNION ALL
SELECT 'gaps', m.source, gap.reason, count(*)::double precision
FROM mine m JOIN aslog.gap USING (group_id)
GROUP BY m.source, gap.reason;
