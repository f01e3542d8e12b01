-- A page that is no JSON has no record to tell it by: it is counted.
INSERT INTO aslog.quarantine AS old (seen_at, project_id, source, group_id, action_id, reason, detail, raw, raw_hash, times, asked_from, asked_to)
SELECT @recorded_at::timestamptz, q.* FROM unnest(
    @projects::text[], @sources::text[], @groups::text[], @actions::text[], @reasons::text[], @details::text[],
    @raws::bytea[], @raw_hashes::bytea[], @times::bigint[], @froms::timestamptz[], @tos::timestamptz[]) AS q
ON CONFLICT (group_id, coalesce(action_id, ''), reason, raw_hash) DO UPDATE SET
    times = old.times + excluded.times, resolved_at = NULL,
    asked_from = least(old.asked_from, excluded.asked_from), asked_to = greatest(old.asked_to, excluded.asked_to)
RETURNING source, reason, 1::bigint AS times
