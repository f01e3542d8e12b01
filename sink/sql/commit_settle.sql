-- Pointers only ever move on.
INSERT INTO aslog.settle AS old (group_id, stage, reached, at)
SELECT s.group_id, s.stage * interval '1 microsecond', max(s.reached), @recorded_at::timestamptz
FROM unnest(@groups::text[], @stages::bigint[], @reached::timestamptz[]) AS s (group_id, stage, reached)
GROUP BY s.group_id, s.stage
ON CONFLICT (group_id, stage) DO UPDATE SET
    reached = greatest(old.reached, excluded.reached), at = excluded.at
