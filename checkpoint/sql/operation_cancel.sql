-- Ends what has not ended of an operation that is made of parts. Whoever carries
-- one out learns it at the next report.
WITH cancelled AS (
    UPDATE aslog.operation_part SET ended_at = clock_timestamp(), updated_at = clock_timestamp(), outcome = 'cancelled'
    WHERE operation_id = @operation AND ended_at IS NULL
    RETURNING 1
), n AS (
    SELECT count(*) AS n FROM cancelled
)
UPDATE aslog.operation SET outcome = format('cancelled for %s of %s groups', n, (SELECT count(*) FROM aslog.operation_part WHERE operation_id = @operation))
FROM n
WHERE id = @operation AND outcome IS NULL AND n > 0
