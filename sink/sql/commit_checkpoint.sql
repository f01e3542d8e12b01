-- Widens what is covered and lost, and moves the watermark to the end of the
-- unbroken part of both together that holds the first moment wanted. A span
-- that is covered after all is lost no more.
WITH said AS (
    SELECT * FROM unnest(@groups::text[], @covered::text[], @retention::text[], @offset_cap::text[], @gone::text[],
                         @oldest::timestamptz[], @age::bigint[], @late::bigint[], @parked::boolean[], @settled::text[])
        AS s (group_id, covered, retention, offset_cap, gone, oldest, age, late, parked, settled)
), covered AS (
    SELECT s.*, c.backfill_from, c.lost_retention, c.lost_offset_cap, c.lost_gone,
           c.covered + s.covered::tstzmultirange AS all_covered
    FROM said s JOIN aslog.checkpoint c USING (group_id)
), widened AS (
    SELECT group_id, backfill_from, oldest, age, late, parked, settled, all_covered,
           lost_retention  + retention::tstzmultirange  - all_covered AS all_retention,
           lost_offset_cap + offset_cap::tstzmultirange - all_covered AS all_offset_cap,
           lost_gone       + gone::tstzmultirange       - all_covered AS all_gone
    FROM covered
)
UPDATE aslog.checkpoint c SET
    covered = w.all_covered,
    settled = (c.settled + w.settled::tstzmultirange) * w.all_covered,
    lost_retention = w.all_retention,
    lost_offset_cap = w.all_offset_cap,
    lost_gone = w.all_gone,
    watermark = coalesce((
        SELECT upper(span)
        FROM unnest(w.all_covered + w.all_retention + w.all_offset_cap + w.all_gone) AS span
        WHERE span @> w.backfill_from), w.backfill_from),
    oldest_shown = least(c.oldest_shown, w.oldest),
    age_shown = greatest(c.age_shown, w.age * interval '1 microsecond'),
    lateness = greatest(c.lateness, w.late * interval '1 microsecond'),
    parked = coalesce(w.parked, c.parked),
    updated_at = @recorded_at
FROM widened w
WHERE c.group_id = w.group_id
