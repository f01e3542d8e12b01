-- What is known of a span of a group's start times: the actions that are stored,
-- and the records that were quarantined whole. Those have no start of their own
-- here; it is looked for in their text (in the escaped form, since their bytes
-- may be no text at all). One that hides it is not counted, which costs a read.
WITH known AS (
    SELECT a.start_time
    FROM aslog.scaling_action a
    WHERE a.group_id = @group AND a.start_time >= @from::timestamptz - interval '1 second'
      AND a.start_time < @to::timestamptz + interval '2 seconds'
    UNION ALL
    SELECT stamp::timestamptz
    FROM (
        SELECT DISTINCT ON (coalesce(q.action_id, encode(q.raw_hash, 'hex')))
               substring(encode(q.raw, 'escape') FROM '"start_time"\s*:\s*"(\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\dZ)"') AS stamp
        FROM aslog.quarantine q
        WHERE q.group_id = @group AND q.resolved_at IS NULL AND q.reason NOT LIKE 'field:%'
          AND NOT EXISTS (SELECT FROM aslog.scaling_action a WHERE a.group_id = q.group_id AND a.action_id = q.action_id)
        ORDER BY coalesce(q.action_id, encode(q.raw_hash, 'hex')), q.id
    ) AS rejected
    WHERE stamp >= to_char((@from::timestamptz - interval '1 second') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
      AND stamp < to_char((@to::timestamptz + interval '2 seconds') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
)
SELECT count(*) FILTER (WHERE start_time >= @from AND start_time < @to),
       count(*),
       min(start_time)
FROM known
