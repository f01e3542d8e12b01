-- The groups that the configuration names; with none, all. What is known of them
-- already stands. One that is named again may have been deleted meanwhile, which
-- no list has said: what it shows proves nothing until a list has it.
WITH clock AS (
    SELECT clock_timestamp() AS now
), added AS (
    INSERT INTO aslog.scaling_group (group_id, project_id, source, shard, first_seen_at, hinted_at, missing_from, changed_at)
    SELECT l.group_id, @project, @source, l.shard, now, now, 'epoch', now
    FROM unnest(@ids::text[], @shards::bigint[]) AS l(group_id, shard), clock
    ON CONFLICT (group_id) DO NOTHING
)
UPDATE aslog.scaling_group g
SET unnamed_at   = CASE WHEN named.yes THEN NULL ELSE clock.now END,
    missed_lists = 0,
    missing_from = CASE WHEN named.yes THEN least(g.unnamed_at, g.missing_from) ELSE g.missing_from END,
    changed_at   = clock.now
FROM clock, (SELECT group_id, coalesce(cardinality(@ids::text[]), 0) = 0 OR group_id IN (SELECT unnest(@ids::text[]) COLLATE "C") AS yes
             FROM aslog.scaling_group WHERE source = @source) AS named
WHERE g.group_id = named.group_id AND (g.unnamed_at IS NULL) <> named.yes
