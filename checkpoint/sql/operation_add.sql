-- One operation, and a part for each group that it is about.
WITH asked AS (
    INSERT INTO aslog.operation (command, arguments) VALUES (@command, @arguments::json) RETURNING id
), parts AS (
    INSERT INTO aslog.operation_part (operation_id, group_id, shard, from_time, to_time, position)
    SELECT asked.id, g.group_id, g.shard, @from::timestamptz, @to::timestamptz, @from::timestamptz
    FROM asked, aslog.scaling_group g
    WHERE g.group_id = ANY (@groups::text[])
)
SELECT id FROM asked
