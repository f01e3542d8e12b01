-- A complete list lacked these. Two in a row, and a group is gone. The list
-- before the first that lacked it had it; what is not named is not missed.
WITH clock AS (
    SELECT clock_timestamp() AS now
), former AS (
    SELECT max(asked_at) AS asked_at FROM aslog.group_list WHERE source = @source
), listed AS (
    INSERT INTO aslog.group_list AS l (source, asked_at) VALUES (@source, @asked_at)
    ON CONFLICT (source) DO UPDATE SET asked_at = greatest(l.asked_at, excluded.asked_at)
), missed AS (
    UPDATE aslog.scaling_group g
    SET missed_lists = g.missed_lists + 1,
        missing_from = coalesce(g.missing_from, former.asked_at, g.last_seen_at, 'epoch'),
        gone_at    = CASE WHEN g.missed_lists >= 1 THEN clock.now END,
        changed_at = CASE WHEN g.missed_lists >= 1 THEN clock.now ELSE g.changed_at END
    FROM clock, former
    WHERE g.source = @source AND g.gone_at IS NULL AND g.unnamed_at IS NULL
      -- NOT IN is hashed always; NOT EXISTS is a nested loop wherever the
      -- table has no statistics: seconds, for ten thousand groups.
      AND g.group_id NOT IN (SELECT unnest(@ids::text[]) COLLATE "C")
    RETURNING g.gone_at
)
SELECT count(*) FILTER (WHERE gone_at IS NOT NULL) FROM missed
