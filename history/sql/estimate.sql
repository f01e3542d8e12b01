-- What reading a span again would cost, by source, from what is stored: the
-- rows of each group in the part of the span that is covered, stretched over
-- the part that is not. A hundred rows fit on a page; of every six pages one
-- more is a first page that only counts.
WITH wanted AS (
    SELECT g.source, g.group_id,
           tstzmultirange(tstzrange(greatest($2::timestamptz, least(coalesce(g.create_time, $2), $3)), $3)) AS span,
           coalesce(c.covered, '{}') AS covered
    FROM aslog.scaling_group g LEFT JOIN aslog.checkpoint c USING (group_id)
    WHERE g.group_id = ANY ($1::text[])
), measured AS (
    SELECT source, group_id,
           (SELECT coalesce(sum(extract(epoch FROM upper(s) - lower(s))), 0) FROM unnest(span) AS s) AS length,
           (SELECT coalesce(sum(extract(epoch FROM upper(s) - lower(s))), 0) FROM unnest(span * covered) AS s) AS read,
           (SELECT count(*) FROM aslog.scaling_action a
            WHERE a.group_id = w.group_id AND a.start_time >= $2 AND a.start_time < $3) AS rows
    FROM wanted w
), guessed AS (
    SELECT source, length, read, CASE WHEN read > 0 THEN ceil(rows * length / read) ELSE rows END AS rows
    FROM measured
)
SELECT source, count(*), sum(rows)::bigint, sum(greatest(1, ceil(rows / 100.0 * 7 / 6)))::bigint,
       (1 - sum(read) / nullif(sum(length), 0))::double precision
FROM guessed GROUP BY source ORDER BY source
