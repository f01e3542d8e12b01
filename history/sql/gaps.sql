-- The gaps, oldest first within a group. A coverage in many fragments has many:
-- the first hundred of a group are named, all are counted.
SELECT group_id, from_time, to_time, reason, n
FROM (
    SELECT group_id, from_time, to_time, reason,
           count(*) OVER (PARTITION BY group_id, reason) AS n,
           row_number() OVER (PARTITION BY group_id, reason ORDER BY from_time) AS nth
    FROM aslog.gap
) AS numbered
WHERE nth <= 100
ORDER BY group_id, from_time;
