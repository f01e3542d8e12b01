-- A complete list lacked these. Two in a row, and a group is gone.
WITH missed AS (
    UPDATE aslog.scaling_group g
    SET missed_lists = g.missed_lists + 1,
        gone_at    = CASE WHEN g.missed_lists >= 1 THEN clock.now END,
        changed_at = CASE WHEN g.missed_lists >= 1 THEN clock.now ELSE g.changed_at END
    FROM (SELECT clock_timestamp() AS now) AS clock
    WHERE g.source = @source AND g.gone_at IS NULL
      -- NOT IN is hashed always; NOT EXISTS became a nested loop wherever the
      -- table had no statistics, which took seconds for ten thousand groups.
      AND g.group_id NOT IN (SELECT unnest(@ids::text[]) COLLATE "C")
    RETURNING g.gone_at
)
SELECT count(*) FILTER (WHERE gone_at IS NOT NULL) FROM missed
