-- +goose Up
-- What people asked for is carried out group by group, by whoever holds the
-- group's shard; how far that is has to outlive each of them.

-- +goose StatementBegin
CREATE TABLE aslog.operation_part (
    operation_id    bigint NOT NULL,
    group_id        text COLLATE "C" NOT NULL,
    shard           bigint NOT NULL,
    from_time       timestamptz NOT NULL,
    to_time         timestamptz NOT NULL,
    position        timestamptz NOT NULL,
    requests        bigint NOT NULL DEFAULT 0,
    rows_read       bigint NOT NULL DEFAULT 0,
    new_actions     bigint NOT NULL DEFAULT 0,
    changed_actions bigint NOT NULL DEFAULT 0,
    unproved        bigint NOT NULL DEFAULT 0,
    failure         text,
    updated_at      timestamptz,
    ended_at        timestamptz,
    outcome         text,
    PRIMARY KEY (operation_id, group_id)
) WITH (fillfactor = 70);
CREATE INDEX operation_part_waiting ON aslog.operation_part (shard, operation_id) WHERE ended_at IS NULL;
COMMENT ON TABLE aslog.operation_part IS 'One row for each group that an operation is about: how far it is there.';
COMMENT ON COLUMN aslog.operation_part.operation_id IS 'The operation.';
COMMENT ON COLUMN aslog.operation_part.group_id IS 'The group.';
COMMENT ON COLUMN aslog.operation_part.shard IS 'Shard of the group, whose owner carries it out.';
COMMENT ON COLUMN aslog.operation_part.from_time IS 'Start of the span of start times to read.';
COMMENT ON COLUMN aslog.operation_part.to_time IS 'End of that span (not in it).';
COMMENT ON COLUMN aslog.operation_part.position IS 'Everything before this has been read.';
COMMENT ON COLUMN aslog.operation_part.requests IS 'Requests sent.';
COMMENT ON COLUMN aslog.operation_part.rows_read IS 'Rows of the spans that were read.';
COMMENT ON COLUMN aslog.operation_part.new_actions IS 'Actions that were stored for the first time.';
COMMENT ON COLUMN aslog.operation_part.changed_actions IS 'Actions of which another revision was stored.';
COMMENT ON COLUMN aslog.operation_part.unproved IS 'Pieces of the span that were read and could not be proved.';
COMMENT ON COLUMN aslog.operation_part.failure IS 'Why the latest try failed, in words; null while it goes well.';
COMMENT ON COLUMN aslog.operation_part.updated_at IS 'When this row last changed; null until somebody has begun.';
COMMENT ON COLUMN aslog.operation_part.ended_at IS 'When it ended; null while it is under way or waits.';
COMMENT ON COLUMN aslog.operation_part.outcome IS 'done, or why it could not be done, in words.';

CREATE TABLE aslog.operation_difference (
    operation_id bigint NOT NULL,
    group_id     text COLLATE "C" NOT NULL,
    kind         text NOT NULL,
    action_id    text COLLATE "C" NOT NULL,
    start_time   timestamptz,
    detail       text NOT NULL,
    content_hash bytea,
    asked_at     timestamptz NOT NULL,
    explained    boolean NOT NULL DEFAULT false,
    repaired_at  timestamptz,
    PRIMARY KEY (operation_id, group_id, kind, action_id)
);
COMMENT ON TABLE aslog.operation_difference IS 'What reconcile found to differ between the API and the tables.';
COMMENT ON COLUMN aslog.operation_difference.operation_id IS 'The operation that found it.';
COMMENT ON COLUMN aslog.operation_difference.group_id IS 'The group.';
COMMENT ON COLUMN aslog.operation_difference.kind IS 'missing: the API shows it, the table lacks it. differing: the table holds another state. extra: the table holds it, the API no longer shows it.';
COMMENT ON COLUMN aslog.operation_difference.action_id IS 'The action.';
COMMENT ON COLUMN aslog.operation_difference.start_time IS 'Its start.';
COMMENT ON COLUMN aslog.operation_difference.detail IS 'The difference in words.';
COMMENT ON COLUMN aslog.operation_difference.content_hash IS 'content_hash of what the API showed; null for extra.';
COMMENT ON COLUMN aslog.operation_difference.asked_at IS 'When the API was asked, in the clock of who asked.';
COMMENT ON COLUMN aslog.operation_difference.explained IS 'Nothing is wrong: the API has forgotten the action (retention).';
COMMENT ON COLUMN aslog.operation_difference.repaired_at IS 'When the table was seen to hold what the API showed.';
-- +goose StatementEnd
