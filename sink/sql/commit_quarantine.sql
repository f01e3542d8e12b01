-- One row for a group, action, reason and record, untouched when it comes again.
INSERT INTO aslog.quarantine (seen_at, project_id, source, group_id, action_id, reason, detail, raw, raw_hash)
SELECT @recorded_at::timestamptz, q.* FROM unnest(
    @projects::text[], @sources::text[], @groups::text[], @actions::text[], @reasons::text[], @details::text[],
    @raws::bytea[], @raw_hashes::bytea[]) AS q
ON CONFLICT (group_id, coalesce(action_id, ''), reason, raw_hash) DO NOTHING
RETURNING source, reason, 1::bigint AS times
