-- One operation, and a part for each group that it is about.
WITH about AS (
    SELECT group_id, shard FROM aslog.scaling_group WHERE group_id = ANY (@groups::text[])
), asked AS (
    INSERT INTO aslog.operation (command, arguments, progress)
    SELECT @command, @arguments::json, CASE WHEN count(*) > 0 THEN json_build_object('groups', count(*), 'groups_ended', 0) END
    FROM about
    RETURNING id
), parts AS (
    INSERT INTO aslog.operation_part (operation_id, group_id, shard, from_time, to_time, position)
    SELECT asked.id, about.group_id, about.shard, @from::timestamptz, @to::timestamptz, @from::timestamptz
    FROM asked, about
)
SELECT id FROM asked
