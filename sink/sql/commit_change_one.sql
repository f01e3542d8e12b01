-- One action that has another revision. It is found as commit_stored_one finds it.
UPDATE aslog.scaling_action a SET
    revision = (@revisions::bigint[])[1], project_id = (@projects::text[])[1], status = (@statuses::text[])[1], type = (@types::text[])[1],
    start_time = (@starts::timestamptz[])[1], end_time = (@ends::timestamptz[])[1],
    instance_value = (@instances::bigint[])[1], desire_value = (@desires::bigint[])[1], scaling_value = (@scalings::bigint[])[1],
    description = (@descriptions::text[])[1], changed_at = @recorded_at, shard = @shard, seq = (@seqs::bigint[])[1],
    content_hash = (@hashes::bytea[])[1], raw = NULL, open = (@opens::boolean[])[1],
    asked_epoch = @epoch, asked_at = (@asked::timestamptz[])[1],
    earlier_hashes = (SELECT CASE WHEN cardinality(e.hashes) > 64 THEN e.hashes[2:] ELSE e.hashes END
                      FROM (SELECT array_append(array_remove(coalesce(a.earlier_hashes, '{}'), (@hashes::bytea[])[1]), (@former::bytea[])[1])) AS e (hashes)),
    stale_hash = (@stale_hashes::bytea[])[1], stale_since = (@stale_sinces::timestamptz[])[1]
WHERE a.ctid = (SELECT b.ctid FROM aslog.scaling_action b
                WHERE b.group_id = (@groups::text[])[1] AND b.action_id >= (@actions::text[])[1]
                ORDER BY b.action_id LIMIT 1)
  AND a.group_id = (@groups::text[])[1] AND a.action_id = (@actions::text[])[1]
