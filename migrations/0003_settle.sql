-- +goose Up
-- How far each group's later re-reads have come.

-- +goose StatementBegin
CREATE TABLE aslog.settle (
    group_id text COLLATE "C" NOT NULL,
    stage    interval NOT NULL,
    reached  timestamptz NOT NULL,
    at       timestamptz NOT NULL,
    PRIMARY KEY (group_id, stage)
);
COMMENT ON TABLE aslog.settle IS 'How far the later re-reads of what is covered have come, for each group and stage of ASLOGD_SETTLE.';
COMMENT ON COLUMN aslog.settle.group_id IS 'The group.';
COMMENT ON COLUMN aslog.settle.stage IS 'Age at which a record is read again.';
COMMENT ON COLUMN aslog.settle.reached IS 'What started before this has been read again at this age, or was that old when it was first read.';
COMMENT ON COLUMN aslog.settle.at IS 'When it came so far.';
COMMENT ON COLUMN aslog.checkpoint.settled IS 'The part of covered that the last stage of the later re-reads confirmed, by the ids: all that the API showed then is stored, and nothing stored there was seen to be missing from it.';
COMMENT ON COLUMN aslog.checkpoint.lateness IS 'Longest time from an action''s start to its first sight, as measured for actions that came to a place that had been covered without them.';
-- +goose StatementEnd
