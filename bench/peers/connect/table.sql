CREATE TABLE IF NOT EXISTS actions (
    group_id       text   NOT NULL,
    id             text   NOT NULL,
    status         text,
    type           text,
    start_time     timestamptz,
    end_time       timestamptz,
    instance_value bigint,
    desire_value   bigint,
    scaling_value  bigint,
    description    text,
    raw            json,
    PRIMARY KEY (group_id, id)
);
