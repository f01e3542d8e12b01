-- Operations and how far they are: all that are under way, and one by number.
-- Read is the share of the time that was asked for which has been read.
SELECT o.id, o.at, o.by, o.command, o.arguments::text, o.outcome,
       count(*), count(p.ended_at), count(p.updated_at), count(p.failure) FILTER (WHERE p.ended_at IS NULL),
       coalesce(min(p.failure) FILTER (WHERE p.ended_at IS NULL), min(p.outcome) FILTER (WHERE p.outcome <> 'done')),
       sum(p.requests)::bigint, sum(p.rows_read)::bigint, sum(p.new_actions)::bigint, sum(p.changed_actions)::bigint, sum(p.unproved)::bigint,
       count(*) FILTER (WHERE p.outcome <> 'done'),
       coalesce(sum(extract(epoch FROM CASE WHEN p.ended_at IS NULL THEN p.position ELSE p.to_time END - p.from_time))
           / nullif(sum(extract(epoch FROM p.to_time - p.from_time)), 0), 1)::double precision,
       (SELECT count(*) FROM aslog.operation_difference d WHERE d.operation_id = o.id),
       (SELECT count(*) FROM aslog.operation_difference d WHERE d.operation_id = o.id AND d.repaired_at IS NULL AND NOT d.explained)
FROM aslog.operation o
JOIN aslog.operation_part p ON p.operation_id = o.id
WHERE o.id = $1 OR $1::bigint IS NULL AND o.outcome IS NULL
GROUP BY o.id
ORDER BY o.id
