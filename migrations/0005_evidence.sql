-- +goose Up
-- What is known of a group's being there: whether it is to be read at all, which
-- list last had it, and which of its coverage rests on answers that a group
-- which was deleted gives just the same.

-- +goose StatementBegin
ALTER TABLE aslog.scaling_group
    ADD COLUMN unnamed_at   timestamptz,
    ADD COLUMN missing_from timestamptz;
COMMENT ON COLUMN aslog.scaling_group.unnamed_at IS 'Since when the configuration of its source names other groups (ASLOGD_SOURCE_n_GROUPS): it is neither read nor found to be gone. Null while it is read.';
COMMENT ON COLUMN aslog.scaling_group.missing_from IS 'While lists lack it: when the last complete one that had it was asked for, by the earlier of both clocks; 1970 where none ever had it.';

CREATE TABLE aslog.group_list (
    source   text COLLATE "C" PRIMARY KEY,
    asked_at timestamptz NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE aslog.group_list IS 'One row a source: its newest complete group list.';
COMMENT ON COLUMN aslog.group_list.source IS 'Name of the source.';
COMMENT ON COLUMN aslog.group_list.asked_at IS 'When that list was asked for, by the earlier of its reader''s clock and the server''s.';

ALTER TABLE aslog.checkpoint
    ADD COLUMN unconfirmed    tstzmultirange NOT NULL DEFAULT '{}',
    ADD COLUMN unconfirmed_at timestamptz;
COMMENT ON COLUMN aslog.checkpoint.unconfirmed IS 'The part of covered that rests on empty answers and waits for a group list that was asked for later: should the group turn out to be gone, such an answer proved nothing, and this becomes a gap (gone).';
COMMENT ON COLUMN aslog.checkpoint.unconfirmed_at IS 'When the newest of those answers was there, by the later of both clocks.';

ALTER TABLE aslog.quarantine
    ADD COLUMN asked_from timestamptz,
    ADD COLUMN asked_to   timestamptz;
CREATE INDEX quarantine_nameless ON aslog.quarantine (group_id) WHERE action_id IS NULL AND resolved_at IS NULL;
COMMENT ON COLUMN aslog.quarantine.asked_from IS 'Start of the span of start times in which it was read; the second in which it started, where its text says so. Null where it was asked for by id.';
COMMENT ON COLUMN aslog.quarantine.asked_to IS 'End of that span (not in it).';
COMMENT ON COLUMN aslog.quarantine.resolved_at IS 'When a later read took it after all; without an id, when its place was read whole and it was not there any more. Null again where it is.';

CREATE OR REPLACE VIEW aslog.group_lag AS
SELECT c.source, c.group_id, c.watermark,
       greatest(0, extract(epoch FROM coalesce(least(g.gone_at, g.unnamed_at), now()) - coalesce(upper(c.covered), c.tail_from)))::double precision AS lag_seconds
FROM aslog.checkpoint c
LEFT JOIN aslog.scaling_group g USING (group_id);
COMMENT ON VIEW aslog.group_lag IS 'How far the newest covered moment of each group is behind now (or behind the moment it was gone, or no longer named in the configuration). What is older and not covered is no lag: see gap.';
-- +goose StatementEnd
