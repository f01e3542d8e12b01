INSERT INTO aslog.scan (at, source, group_id, kind, from_time, to_time, requests, total, distinct_ids,
                        new_actions, changed_actions, restarts, outcome)
SELECT @recorded_at::timestamptz, s.* FROM unnest(
    @sources::text[], @groups::text[], @kinds::text[], @froms::timestamptz[], @tos::timestamptz[],
    @requests::bigint[], @totals::bigint[], @distinct::bigint[], @new::bigint[], @changed::bigint[],
    @restarts::bigint[], @outcomes::text[]) AS s
