-- Widens what is covered and lost, and moves the watermark to the end of the
-- unbroken part of both together that holds the first moment wanted. A span
-- that is covered after all is lost no more.
--
-- What empty answers cover waits for a list that was asked for later and has
-- the group: one that was deleted answers just the same. Where it turns out to
-- be gone, what no list has confirmed is taken back when it is parked, and what
-- comes in later than that is not taken.
WITH said AS (
    SELECT * FROM unnest(@groups::text[], @covered::text[], @retention::text[], @offset_cap::text[], @gone::text[],
                         @oldest::timestamptz[], @age::bigint[], @late::bigint[], @parked::boolean[], @settled::text[],
                         @empty::text[], @empty_by::timestamptz[], @froms::timestamptz[])
        AS s (group_id, covered, retention, offset_cap, gone, oldest, age, late, parked, settled, empty, empty_by, wanted)
), weighed AS (
    SELECT s.*, least(c.backfill_from, s.wanted) AS backfill_from, c.lost_retention, c.lost_offset_cap, c.lost_gone,
           c.covered + s.covered::tstzmultirange + e.empty AS claimed,
           CASE WHEN coalesce(g.missing_from, l.asked_at) > c.unconfirmed_at THEN '{}' ELSE c.unconfirmed END
               + (e.empty - c.covered) - s.covered::tstzmultirange AS waiting,
           greatest(c.unconfirmed_at, s.empty_by) AS waiting_at,
           s.parked AND g.gone_at IS NOT NULL AS ends
    FROM said s
    JOIN aslog.checkpoint c USING (group_id)
    LEFT JOIN aslog.scaling_group g USING (group_id)
    LEFT JOIN aslog.group_list l ON l.source = g.source,
    LATERAL (SELECT CASE WHEN c.parked THEN '{}' ELSE s.empty::tstzmultirange END AS empty) AS e
), covered AS (
    SELECT *, CASE WHEN ends THEN claimed * waiting ELSE '{}' END AS doubted,
           CASE WHEN ends THEN claimed - waiting ELSE claimed END AS all_covered
    FROM weighed
), widened AS (
    SELECT *,
           lost_retention  + retention::tstzmultirange  - all_covered AS all_retention,
           lost_offset_cap + offset_cap::tstzmultirange - all_covered AS all_offset_cap,
           lost_gone + gone::tstzmultirange + doubted - all_covered
               - lost_retention - retention::tstzmultirange - lost_offset_cap - offset_cap::tstzmultirange AS all_gone
    FROM covered
)
UPDATE aslog.checkpoint c SET
    backfill_from = w.backfill_from,
    covered = w.all_covered,
    settled = (c.settled + w.settled::tstzmultirange) * w.all_covered,
    lost_retention = w.all_retention,
    lost_offset_cap = w.all_offset_cap,
    lost_gone = w.all_gone,
    unconfirmed = CASE WHEN w.ends THEN '{}' ELSE w.waiting END,
    unconfirmed_at = w.waiting_at,
    watermark = coalesce((
        SELECT upper(span)
        FROM unnest(w.all_covered + w.all_retention + w.all_offset_cap + w.all_gone) AS span
        WHERE span @> w.backfill_from), w.backfill_from),
    oldest_shown = least(c.oldest_shown, w.oldest),
    age_shown = greatest(c.age_shown, w.age * interval '1 microsecond'),
    -- It counts for half after a week; sixty weeks are as good as any more, and no underflow.
    lateness = greatest(c.lateness * power(0.5, least(60, greatest(0, extract(epoch FROM @recorded_at - c.updated_at) / 604800))::double precision),
                        w.late * interval '1 microsecond'),
    parked = coalesce(w.parked, c.parked),
    updated_at = @recorded_at
FROM widened w
WHERE c.group_id = w.group_id
RETURNING c.group_id, w.doubted
