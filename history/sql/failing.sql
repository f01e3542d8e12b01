-- Groups whose newest noted backfill did not prove its span.
SELECT group_id, outcome
FROM (
    SELECT DISTINCT ON (group_id) group_id, outcome
    FROM aslog.scan
    WHERE kind = 'backfill'
    ORDER BY group_id, at DESC, id DESC
) AS newest
WHERE outcome <> 'proved';
