-- A piece that is read again tells its differences again.
INSERT INTO aslog.operation_difference (operation_id, group_id, kind, action_id, start_time, detail, content_hash, asked_at, explained)
SELECT @operation::bigint, @group::text, d.* FROM unnest(
    @kinds::text[], @actions::text[], @starts::timestamptz[], @details::text[], @hashes::bytea[],
    @asked::timestamptz[], @explained::boolean[]) AS d
ON CONFLICT (operation_id, group_id, kind, action_id) DO NOTHING
