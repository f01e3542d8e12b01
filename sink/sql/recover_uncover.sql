-- Takes back what was proved from the oldest start that was brought back on:
-- rows that were stored and not published are in neither, and are read again.
-- What is lost stays lost; the watermark and the settle pointers follow.
WITH back AS (
    SELECT c.group_id, c.backfill_from,
           c.covered - tstzmultirange(tstzrange(date_trunc('second', b.oldest), NULL)) AS covered,
           c.settled - tstzmultirange(tstzrange(date_trunc('second', b.oldest), NULL)) AS settled,
           c.lost_retention + c.lost_offset_cap + c.lost_gone AS lost
    FROM unnest(@groups::text[], @oldest::timestamptz[]) AS b (group_id, oldest)
    JOIN aslog.checkpoint c USING (group_id)
), pointers AS (
    UPDATE aslog.settle s SET reached = least(s.reached, date_trunc('second', b.oldest))
    FROM unnest(@groups::text[], @oldest::timestamptz[]) AS b (group_id, oldest)
    WHERE s.group_id = b.group_id
)
UPDATE aslog.checkpoint c SET
    covered = b.covered,
    settled = b.settled,
    watermark = coalesce((
        SELECT upper(span) FROM unnest(b.covered + b.lost) AS span WHERE span @> b.backfill_from), b.backfill_from),
    parked = false,
    updated_at = clock_timestamp()
FROM back b
WHERE c.group_id = b.group_id
