-- A complete list lacked these. Two in a row, and a group is gone.
WITH missed AS (
    UPDATE aslog.scaling_group g
    SET missed_lists = g.missed_lists + 1,
        gone_at    = CASE WHEN g.missed_lists >= 1 THEN clock.now END,
        changed_at = CASE WHEN g.missed_lists >= 1 THEN clock.now ELSE g.changed_at END
    FROM (SELECT clock_timestamp() AS now) AS clock
    WHERE g.source = @source AND g.gone_at IS NULL
      AND NOT EXISTS (SELECT FROM unnest(@ids::text[]) AS l(group_id) WHERE l.group_id = g.group_id)
    RETURNING g.gone_at
)
SELECT count(*) FILTER (WHERE gone_at IS NOT NULL) FROM missed
