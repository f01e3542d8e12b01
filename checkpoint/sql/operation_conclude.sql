-- The operation's own row follows its parts: how many have ended, and, with the
-- last of them, what came of it.
WITH parts AS (
    SELECT count(*) AS groups, count(ended_at) AS ended, count(*) FILTER (WHERE outcome <> 'done') AS failed,
           sum(requests) AS requests, sum(rows_read) AS rows_read, sum(new_actions) AS new_actions,
           sum(changed_actions) AS changed_actions, sum(unproved) AS unproved
    FROM aslog.operation_part WHERE operation_id = @operation
), found AS (
    SELECT count(*) AS differences, count(*) FILTER (WHERE repaired_at IS NULL AND NOT explained) AS left
    FROM aslog.operation_difference WHERE operation_id = @operation
)
UPDATE aslog.operation o SET
    progress = json_build_object('groups', groups, 'groups_ended', ended, 'requests', requests, 'rows_read', rows_read,
        'new_actions', new_actions, 'changed_actions', changed_actions, 'unproved', unproved,
        'differences', differences, 'not_repaired', "left"),
    outcome = CASE
        WHEN ended < groups THEN NULL
        WHEN failed > 0 THEN format('failed for %s of %s groups', failed, groups)
        WHEN "left" > 0 THEN format('done: %s differences, %s not repaired', differences, "left")
        WHEN unproved > 0 THEN format('done: %s pieces could not be proved', unproved)
        ELSE 'done' END
FROM parts, found
WHERE o.id = @operation
