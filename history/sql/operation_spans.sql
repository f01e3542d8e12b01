-- What running backfills have still to read, and whose latest try did not fail.
SELECT p.group_id, p.position, p.to_time
FROM aslog.operation_part p
JOIN aslog.operation o ON o.id = p.operation_id
WHERE p.ended_at IS NULL AND p.failure IS NULL AND o.command = 'backfill' AND o.outcome IS NULL
