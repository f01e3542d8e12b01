-- What a part did since its last report. A part that has ended stays as it is.
UPDATE aslog.operation_part SET
    position = greatest(position, @position::timestamptz),
    requests = requests + @requests::bigint,
    rows_read = rows_read + @rows_read::bigint,
    new_actions = new_actions + @new_actions::bigint,
    changed_actions = changed_actions + @changed_actions::bigint,
    unproved = unproved + @unproved::bigint,
    failure = @failure::text,
    updated_at = clock_timestamp()
WHERE operation_id = @operation AND group_id = @group AND ended_at IS NULL
