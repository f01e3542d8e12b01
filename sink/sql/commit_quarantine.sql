-- One row for a group, action, reason and record, untouched when it comes again;
-- unless it was taken for mended since.
INSERT INTO aslog.quarantine AS old (seen_at, project_id, source, group_id, action_id, reason, detail, raw, raw_hash, asked_from, asked_to)
SELECT @recorded_at::timestamptz, q.* FROM unnest(
    @projects::text[], @sources::text[], @groups::text[], @actions::text[], @reasons::text[], @details::text[],
    @raws::bytea[], @raw_hashes::bytea[], @froms::timestamptz[], @tos::timestamptz[]) AS q
ON CONFLICT (group_id, coalesce(action_id, ''), reason, raw_hash) DO UPDATE SET
    resolved_at = NULL, asked_from = excluded.asked_from, asked_to = excluded.asked_to
WHERE old.resolved_at IS NOT NULL
RETURNING source, reason, 1::bigint AS times
