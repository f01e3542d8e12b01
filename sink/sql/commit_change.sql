-- Actions that have another revision. An earlier hash that comes back leaves
-- the list; 64 are kept, far more than a record ever had.
UPDATE aslog.scaling_action a SET
    revision = n.revision, project_id = n.project_id, status = n.status, type = n.type,
    start_time = n.start_time, end_time = n.end_time,
    instance_value = n.instance_value, desire_value = n.desire_value, scaling_value = n.scaling_value,
    description = n.description, changed_at = @recorded_at, shard = @shard, seq = n.seq,
    content_hash = n.content_hash, raw = NULL, open = n.open,
    asked_epoch = @epoch, asked_at = n.asked_at,
    earlier_hashes = (SELECT CASE WHEN cardinality(e.hashes) > 64 THEN e.hashes[2:] ELSE e.hashes END
                      FROM (SELECT array_append(array_remove(coalesce(a.earlier_hashes, '{}'), n.content_hash), n.former)) AS e (hashes)),
    stale_hash = n.stale_hash, stale_since = n.stale_since
FROM unnest(@groups::text[], @actions::text[], @revisions::bigint[], @projects::text[], @statuses::text[], @types::text[],
            @starts::timestamptz[], @ends::timestamptz[], @instances::bigint[], @desires::bigint[], @scalings::bigint[],
            @descriptions::text[], @seqs::bigint[], @hashes::bytea[], @opens::boolean[], @asked::timestamptz[],
            @former::bytea[], @stale_hashes::bytea[], @stale_sinces::timestamptz[])
     AS n (group_id, action_id, revision, project_id, status, type, start_time, end_time,
           instance_value, desire_value, scaling_value, description, seq, content_hash, open, asked_at,
           former, stale_hash, stale_since)
WHERE a.group_id = n.group_id AND a.action_id = n.action_id
