-- One list, group by group. Rows that say what is stored are left alone, except
-- once a minute for last_seen_at: ten thousand quiet groups must not be written
-- every few seconds. A group that goes on scaling is no news: it is polled fast
-- already. One that another source lists now has to be told, for it may have no
-- reader yet, but is no hint that something goes on there.
WITH listed AS (
    SELECT l.*, clock.now,
           g.group_id IS NULL AS found,
           g.gone_at IS NOT NULL AS back,
           g.group_id IS NULL OR g.gone_at IS NOT NULL OR g.unnamed_at IS NOT NULL
           OR g.is_scaling IS DISTINCT FROM l.is_scaling
           OR g.current_instance_number IS DISTINCT FROM l.current_number
           OR g.desire_instance_number IS DISTINCT FROM l.desire_number AS news,
           g.source IS DISTINCT FROM @source::text AS moved,
           g.changed_at AS old_changed_at,
           g.hinted_at AS old_hinted_at,
           g.missed_lists > 0 OR g.missing_from IS NOT NULL OR g.last_seen_at IS NULL OR g.last_seen_at < clock.now - interval '1 minute'
           OR g.raw::text IS DISTINCT FROM l.raw
           OR (g.source, g.project_id) IS DISTINCT FROM (@source::text, @project::text) AS stale
    FROM unnest(@ids::text[], @shards::bigint[], @names::text[], @statuses::text[],
                @current::bigint[], @desire::bigint[], @min::bigint[], @max::bigint[],
                @configurations::text[], @scaling::boolean[], @created::timestamptz[], @raws::text[])
         AS l(group_id, shard, name, status, current_number, desire_number, min_number, max_number,
              configuration_id, is_scaling, create_time, raw)
    CROSS JOIN (SELECT clock_timestamp() AS now) AS clock
    -- The column's own collation, or its index could not be used.
    LEFT JOIN aslog.scaling_group g ON g.group_id = l.group_id COLLATE "C"
), saved AS (
    INSERT INTO aslog.scaling_group AS g (
        group_id, project_id, source, name, status,
        current_instance_number, desire_instance_number, min_instance_number, max_instance_number,
        scaling_configuration_id, is_scaling, shard, create_time, first_seen_at, last_seen_at,
        hinted_at, changed_at, raw)
    SELECT group_id, @project, @source, name, status,
           current_number, desire_number, min_number, max_number,
           configuration_id, is_scaling, shard, create_time, now, now,
           CASE WHEN news THEN now ELSE old_hinted_at END,
           CASE WHEN news OR moved THEN now ELSE old_changed_at END,
           raw::json
    FROM listed
    WHERE news OR stale
    ORDER BY group_id
    ON CONFLICT (group_id) DO UPDATE SET
        project_id = excluded.project_id, source = excluded.source,
        name = excluded.name, status = excluded.status,
        current_instance_number = excluded.current_instance_number,
        desire_instance_number = excluded.desire_instance_number,
        min_instance_number = excluded.min_instance_number,
        max_instance_number = excluded.max_instance_number,
        scaling_configuration_id = excluded.scaling_configuration_id,
        is_scaling = excluded.is_scaling,
        create_time = coalesce(excluded.create_time, g.create_time),
        last_seen_at = excluded.last_seen_at,
        missed_lists = 0, missing_from = NULL, gone_at = NULL, unnamed_at = NULL,
        hinted_at = excluded.hinted_at, changed_at = excluded.changed_at,
        raw = coalesce(excluded.raw, g.raw)
)
SELECT count(*) FILTER (WHERE found),
       count(*) FILTER (WHERE back),
       count(*) FILTER (WHERE news AND NOT found AND NOT back)
FROM listed
