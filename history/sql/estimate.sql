-- What reading a span again would cost, by source, from what is stored: the
-- rows of each group in the part of the span that is covered, stretched over
-- the part that is not. A hundred rows fit on a page, and behind a last full one
-- another is asked for. Each group costs two requests besides: what is open, and
-- whether anything as old is still shown. More than 6,000 rows are read in pieces
-- of about 5,000, each of which may end within a page and cost a first page that
-- only counts, since rows are not spread evenly. More than a page of open actions
-- are read page by page.
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
            WHERE a.group_id = w.group_id AND a.start_time >= $2 AND a.start_time < $3) AS rows,
           (SELECT count(*) FROM aslog.scaling_action a WHERE a.group_id = w.group_id AND a.open) AS open
    FROM wanted w
), guessed AS (
    SELECT source, length, read, open, CASE WHEN read > 0 THEN ceil(rows * length / read) ELSE rows END AS rows
    FROM measured
)
SELECT source, count(*), sum(rows)::bigint,
       sum(3 + floor(rows / 100.0)
           + CASE WHEN rows > 6000 THEN 1 + 2 * ceil(rows / 5000.0) ELSE 0 END
           + CASE WHEN open >= 100 THEN ceil(open / 99.0) + 1 ELSE 0 END)::bigint,
       (1 - sum(read) / nullif(sum(length), 0))::double precision
FROM guessed GROUP BY source ORDER BY source
