-- +goose Up
-- What data teams query. No view parses raw: a \u0000 in it would fail the query.

-- +goose StatementBegin
CREATE VIEW aslog.gap AS
WITH part AS (
    SELECT group_id, 'retention' AS reason, lost_retention - covered AS spans FROM aslog.checkpoint
    UNION ALL
    SELECT group_id, 'offset_cap', lost_offset_cap - covered FROM aslog.checkpoint
    UNION ALL
    SELECT group_id, 'gone', lost_gone - covered FROM aslog.checkpoint
    UNION ALL
    SELECT group_id, 'unproven',
           tstzmultirange(tstzrange(backfill_from, greatest(backfill_from, upper(covered))))
           - covered - lost_retention - lost_offset_cap - lost_gone
    FROM aslog.checkpoint WHERE NOT isempty(covered)
)
SELECT group_id, lower(span) AS from_time, upper(span) AS to_time, reason
FROM part, unnest(spans) AS span;
COMMENT ON VIEW aslog.gap IS 'Spans that are wanted and not covered. What is newer than the newest covered moment is lag, not a gap.';
COMMENT ON COLUMN aslog.gap.group_id IS 'The group.';
COMMENT ON COLUMN aslog.gap.from_time IS 'Start of the gap.';
COMMENT ON COLUMN aslog.gap.to_time IS 'End of the gap (not in it).';
COMMENT ON COLUMN aslog.gap.reason IS 'unproven: not read yet, or not provable yet; retention, offset_cap, gone: nothing can close it.';

CREATE VIEW aslog.group_lag AS
SELECT c.source, c.group_id, c.watermark,
       greatest(0, extract(epoch FROM coalesce(g.gone_at, now()) - coalesce(upper(c.covered), c.tail_from)))::double precision AS lag_seconds
FROM aslog.checkpoint c
LEFT JOIN aslog.scaling_group g USING (group_id);
COMMENT ON VIEW aslog.group_lag IS 'How far the newest covered moment of each group is behind now (or behind the moment it was gone). What is older and not covered is no lag: see gap.';
COMMENT ON COLUMN aslog.group_lag.source IS 'Source.';
COMMENT ON COLUMN aslog.group_lag.group_id IS 'The group.';
COMMENT ON COLUMN aslog.group_lag.watermark IS 'Everything before this is covered, or lost for ever.';
COMMENT ON COLUMN aslog.group_lag.lag_seconds IS 'Seconds from the newest covered moment to now.';

CREATE VIEW aslog.action_revision AS
SELECT shard, seq, recorded_at, source, project_id, group_id, group_name, action_id, revision, change,
       status, type, start_time, end_time, instance_value, desire_value, scaling_value, content_hash
FROM aslog.journal;
COMMENT ON VIEW aslog.action_revision IS 'Every revision that the journal here still holds, typed.';
COMMENT ON COLUMN aslog.action_revision.shard IS 'Shard; partition number in the topics.';
COMMENT ON COLUMN aslog.action_revision.seq IS 'Number within the shard, from 1; with shard, the cursor for incremental readers.';
COMMENT ON COLUMN aslog.action_revision.recorded_at IS 'When it was recorded, by the clock of Postgres; never falls within a shard.';
COMMENT ON COLUMN aslog.action_revision.source IS 'Source.';
COMMENT ON COLUMN aslog.action_revision.project_id IS 'Project of the group.';
COMMENT ON COLUMN aslog.action_revision.group_id IS 'The group that acted.';
COMMENT ON COLUMN aslog.action_revision.group_name IS 'Name of the group when this was recorded.';
COMMENT ON COLUMN aslog.action_revision.action_id IS 'id of the API''s log record.';
COMMENT ON COLUMN aslog.action_revision.revision IS 'Revision of the action, from 1.';
COMMENT ON COLUMN aslog.action_revision.change IS 'new for revision 1, changed for later ones.';
COMMENT ON COLUMN aslog.action_revision.status IS 'As in scaling_action, at this revision.';
COMMENT ON COLUMN aslog.action_revision.type IS 'As in scaling_action, at this revision.';
COMMENT ON COLUMN aslog.action_revision.start_time IS 'As in scaling_action, at this revision.';
COMMENT ON COLUMN aslog.action_revision.end_time IS 'As in scaling_action, at this revision.';
COMMENT ON COLUMN aslog.action_revision.instance_value IS 'As in scaling_action, at this revision.';
COMMENT ON COLUMN aslog.action_revision.desire_value IS 'As in scaling_action, at this revision.';
COMMENT ON COLUMN aslog.action_revision.scaling_value IS 'As in scaling_action, at this revision.';
COMMENT ON COLUMN aslog.action_revision.content_hash IS 'As in scaling_action, at this revision.';

CREATE VIEW aslog.open_action AS
SELECT a.group_id, a.action_id, a.project_id, g.source, a.status, a.type, a.start_time,
       a.first_seen_at, a.changed_at, now() - coalesce(a.start_time, a.first_seen_at) AS open_for,
       coalesce(a.start_time, a.first_seen_at) < now() - interval '7 days' AS never_ended
FROM aslog.scaling_action a
LEFT JOIN aslog.scaling_group g USING (group_id)
WHERE a.open;
COMMENT ON VIEW aslog.open_action IS 'Actions that have not ended. They are asked for again until they end, at most for 7 days.';
COMMENT ON COLUMN aslog.open_action.group_id IS 'The group that acts.';
COMMENT ON COLUMN aslog.open_action.action_id IS 'The action.';
COMMENT ON COLUMN aslog.open_action.project_id IS 'Project of the group.';
COMMENT ON COLUMN aslog.open_action.source IS 'Source of the group.';
COMMENT ON COLUMN aslog.open_action.status IS 'Status as last seen.';
COMMENT ON COLUMN aslog.open_action.type IS 'Type of the action.';
COMMENT ON COLUMN aslog.open_action.start_time IS 'When it started.';
COMMENT ON COLUMN aslog.open_action.first_seen_at IS 'recorded_at of revision 1.';
COMMENT ON COLUMN aslog.open_action.changed_at IS 'recorded_at of the newest revision.';
COMMENT ON COLUMN aslog.open_action.open_for IS 'Time since it started.';
COMMENT ON COLUMN aslog.open_action.never_ended IS 'It was given up after 7 days.';

CREATE VIEW aslog.instance_history AS
SELECT added.group_id, added.instance_id, added.instance_name,
       a.start_time AS added_at, a.action_id AS added_by,
       coalesce(gone.end_time, gone.start_time) AS gone_at, gone.action_id AS gone_by,
       gone.outcome AS gone_how, gone.type AS gone_type, gone.change_reason AS gone_reason
FROM aslog.scaling_action_instance added
JOIN aslog.scaling_action a USING (group_id, action_id)
LEFT JOIN LATERAL (
    SELECT b.action_id, b.start_time, b.end_time, b.type, i.outcome, r.change_reason
    FROM aslog.scaling_action_instance i
    JOIN aslog.scaling_action b USING (group_id, action_id)
    LEFT JOIN aslog.scaling_action_reason r ON r.group_id = b.group_id AND r.action_id = b.action_id AND r.ordinal = 0
    WHERE i.group_id = added.group_id AND i.outcome IN ('removed', 'deleted')
      AND CASE WHEN added.instance_id IS NOT NULL AND i.instance_id IS NOT NULL
               THEN i.instance_id = added.instance_id
               ELSE i.instance_name = added.instance_name END
      AND b.start_time >= a.start_time
    ORDER BY b.start_time, b.action_id
    LIMIT 1
) gone ON true
WHERE added.outcome = 'added';
COMMENT ON VIEW aslog.instance_history IS 'Each instance: added when and by which action, gone when and why.';
COMMENT ON COLUMN aslog.instance_history.group_id IS 'The group.';
COMMENT ON COLUMN aslog.instance_history.instance_id IS 'ECS id.';
COMMENT ON COLUMN aslog.instance_history.instance_name IS 'ECS name.';
COMMENT ON COLUMN aslog.instance_history.added_at IS 'Start of the action that added it.';
COMMENT ON COLUMN aslog.instance_history.added_by IS 'Action that added it.';
COMMENT ON COLUMN aslog.instance_history.gone_at IS 'End of the action that took it out of the group, or its start where it has no end; null while it is in the group.';
COMMENT ON COLUMN aslog.instance_history.gone_by IS 'Action that took it out of the group.';
COMMENT ON COLUMN aslog.instance_history.gone_type IS 'Type of that action.';
COMMENT ON COLUMN aslog.instance_history.gone_reason IS 'First change_reason of that action.';
COMMENT ON COLUMN aslog.instance_history.gone_how IS 'removed or deleted; null while it is in the group.';

CREATE VIEW aslog.daily_activity AS
SELECT g.source, a.group_id, (a.start_time AT TIME ZONE 'UTC')::date AS day, a.type, a.status,
       count(*) AS actions, coalesce(sum(a.scaling_value), 0)::bigint AS instances_changed,
       avg(a.end_time - a.start_time) AS mean_duration
FROM aslog.scaling_action a
LEFT JOIN aslog.scaling_group g USING (group_id)
GROUP BY g.source, a.group_id, day, a.type, a.status;
COMMENT ON VIEW aslog.daily_activity IS 'Actions a group and UTC day, by type and status.';
COMMENT ON COLUMN aslog.daily_activity.source IS 'Source of the group.';
COMMENT ON COLUMN aslog.daily_activity.group_id IS 'The group.';
COMMENT ON COLUMN aslog.daily_activity.type IS 'Type of the actions.';
COMMENT ON COLUMN aslog.daily_activity.status IS 'Status of the actions, as it is now.';
COMMENT ON COLUMN aslog.daily_activity.actions IS 'Number of actions that started on that day.';
COMMENT ON COLUMN aslog.daily_activity.instances_changed IS 'Sum of scaling_value.';
COMMENT ON COLUMN aslog.daily_activity.mean_duration IS 'Mean time from start to end, of those that ended.';
COMMENT ON COLUMN aslog.daily_activity.day IS 'UTC day of the start time.';
-- +goose StatementEnd
