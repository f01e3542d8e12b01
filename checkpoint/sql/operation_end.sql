-- The end of a part, and what its operation came to by it. The operation's row
-- adds one part after the other up: counting all of them at each end would cost
-- the square of their number. What was begun by an older release is counted once.
WITH ended AS (
    UPDATE aslog.operation_part SET
        position = greatest(position, @position::timestamptz),
        requests = requests + @requests::bigint,
        rows_read = rows_read + @rows_read::bigint,
        new_actions = new_actions + @new_actions::bigint,
        changed_actions = changed_actions + @changed_actions::bigint,
        unproved = unproved + @unproved::bigint,
        failure = @failure::text,
        updated_at = clock_timestamp(),
        ended_at = clock_timestamp(),
        outcome = @outcome::text
    WHERE operation_id = @operation AND group_id = @group AND ended_at IS NULL
    RETURNING operation_id, requests, rows_read, new_actions, changed_actions, unproved, (outcome <> 'done')::int AS failed
), found AS (
    SELECT count(*) AS differences, count(*) FILTER (WHERE repaired_at IS NULL AND NOT explained) AS "left"
    FROM aslog.operation_difference WHERE operation_id = @operation AND group_id = @group
), sums AS (
    SELECT e.operation_id,
           coalesce(p.groups, (SELECT count(*) FROM aslog.operation_part WHERE operation_id = @operation)) AS groups,
           coalesce(p.groups_ended, 0) + 1 AS ended, coalesce(p.groups_failed, 0) + e.failed AS failed,
           coalesce(p.requests, 0) + e.requests AS requests, coalesce(p.rows_read, 0) + e.rows_read AS rows_read,
           coalesce(p.new_actions, 0) + e.new_actions AS new_actions,
           coalesce(p.changed_actions, 0) + e.changed_actions AS changed_actions,
           coalesce(p.unproved, 0) + e.unproved AS unproved,
           coalesce(p.differences, 0) + f.differences AS differences, coalesce(p.not_repaired, 0) + f."left" AS "left"
    FROM ended e
    JOIN aslog.operation o ON o.id = e.operation_id
    CROSS JOIN found f
    CROSS JOIN LATERAL json_to_record(coalesce(o.progress, '{}')) AS p (
        groups bigint, groups_ended bigint, groups_failed bigint, requests bigint, rows_read bigint,
        new_actions bigint, changed_actions bigint, unproved bigint, differences bigint, not_repaired bigint)
)
UPDATE aslog.operation o SET
    progress = json_build_object('groups', groups, 'groups_ended', ended, 'groups_failed', failed,
        'requests', requests, 'rows_read', rows_read, 'new_actions', new_actions, 'changed_actions', changed_actions,
        'unproved', unproved, 'differences', differences, 'not_repaired', "left"),
    outcome = CASE
        WHEN ended < groups THEN NULL
        WHEN failed > 0 THEN format('failed for %s of %s groups', failed, groups)
        WHEN "left" > 0 THEN format('done: %s differences, %s not repaired', differences, "left")
        WHEN unproved > 0 THEN format('done: %s pieces could not be proved', unproved)
        ELSE 'done' END
FROM sums s
WHERE o.id = s.operation_id
