-- What has no id and is quarantined from a place that was read whole now, without
-- it. A page may have been read in pieces since: then the last of them decides.
UPDATE aslog.quarantine q SET resolved_at = @recorded_at
FROM unnest(@groups::text[], @froms::timestamptz[], @tos::timestamptz[]) AS p (group_id, proved_from, proved_to)
LEFT JOIN aslog.checkpoint c ON c.group_id = p.group_id COLLATE "C"
WHERE q.group_id = p.group_id COLLATE "C" AND q.action_id IS NULL AND q.resolved_at IS NULL
  AND (q.asked_from >= p.proved_from AND q.asked_to <= p.proved_to
       OR tstzrange(q.asked_from, q.asked_to) && tstzrange(p.proved_from, p.proved_to)
          AND tstzrange(q.asked_from, q.asked_to) <@ c.covered AND q.reason IN ('not_json', 'page_too_large'))
  AND NOT EXISTS (SELECT FROM unnest(@seen_groups::text[], @seen_hashes::bytea[]) AS s (group_id, raw_hash)
                  WHERE s.group_id = q.group_id AND s.raw_hash = q.raw_hash)
