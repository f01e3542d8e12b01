-- +goose Up
-- The journal is the truth; the tables are its present. Everything here is
-- written by one statement sequence, the commit, so there are no foreign keys:
-- they would cost more than half of a commit and guard against nobody.
-- Ids are COLLATE "C": they are compared for equality and order by bytes.

-- +goose StatementBegin
CREATE TABLE aslog.schema_info (
    single        boolean PRIMARY KEY DEFAULT true CHECK (single),
    shards        bigint NOT NULL,
    oldest_binary bigint NOT NULL
);
COMMENT ON TABLE aslog.schema_info IS 'One row: what holds for the whole schema.';
COMMENT ON COLUMN aslog.schema_info.single IS 'Always true: there is one row.';
COMMENT ON COLUMN aslog.schema_info.shards IS 'Number of shards, which is the number of partitions of each topic; fixed at the first migrate.';
COMMENT ON COLUMN aslog.schema_info.oldest_binary IS 'The oldest schema generation a binary must know to use this schema; an older binary refuses to start.';

COMMENT ON TABLE aslog.schema_migration IS 'Migrations that were applied; kept by migrate.';
COMMENT ON COLUMN aslog.schema_migration.id IS 'Number.';
COMMENT ON COLUMN aslog.schema_migration.version_id IS 'Number of the migration; 0 stands for the empty schema.';
COMMENT ON COLUMN aslog.schema_migration.is_applied IS 'True once it was applied.';
COMMENT ON COLUMN aslog.schema_migration.tstamp IS 'When it was applied.';

-- Replicas and shards -----------------------------------------------------

CREATE TABLE aslog.replica (
    incarnation text COLLATE "C" PRIMARY KEY,
    instance    text NOT NULL,
    started_at  timestamptz NOT NULL,
    beat_at     timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL
);
COMMENT ON TABLE aslog.replica IS 'Running daemons: the only heartbeat, and the list of members.';
COMMENT ON COLUMN aslog.replica.incarnation IS 'One run of one process; every connection of it carries this in its application_name.';
COMMENT ON COLUMN aslog.replica.instance IS 'ASLOGD_INSTANCE of that process, for people.';
COMMENT ON COLUMN aslog.replica.started_at IS 'When it first beat, by the clock of Postgres.';
COMMENT ON COLUMN aslog.replica.beat_at IS 'Its last beat, by the clock of Postgres.';
COMMENT ON COLUMN aslog.replica.expires_at IS 'Its shards may be claimed from here on, by the clock of Postgres.';

CREATE TABLE aslog.shard_head (
    shard            bigint PRIMARY KEY,
    owner            text COLLATE "C",
    epoch            bigint NOT NULL DEFAULT 0,
    head_seq         bigint NOT NULL DEFAULT 0,
    head_hash        bytea  NOT NULL DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000',
    head_recorded_at timestamptz NOT NULL DEFAULT '1970-01-01T00:00:00Z'
) WITH (fillfactor = 50);
COMMENT ON TABLE aslog.shard_head IS 'One row a shard: who owns it, under which epoch, and where its journal ends. Touched by claims and commits alone.';
COMMENT ON COLUMN aslog.shard_head.shard IS 'Shard number, which is the partition number in each topic.';
COMMENT ON COLUMN aslog.shard_head.owner IS 'Incarnation of the replica that owns the shard; null when it was given up.';
COMMENT ON COLUMN aslog.shard_head.epoch IS 'Rises by one at each claim; a commit that names another epoch writes nothing.';
COMMENT ON COLUMN aslog.shard_head.head_seq IS 'The seq of the newest journal row of the shard; 0 before the first.';
COMMENT ON COLUMN aslog.shard_head.head_hash IS 'chain_hash of the newest journal row; 32 zero bytes before the first.';
COMMENT ON COLUMN aslog.shard_head.head_recorded_at IS 'recorded_at never falls below this within the shard.';

CREATE TABLE aslog.shard_published (
    shard         bigint PRIMARY KEY,
    published_seq bigint NOT NULL DEFAULT 0,
    published_at  timestamptz,
    published_hash bytea,
    recorded_at   timestamptz,
    cluster_id    text,
    topic         text,
    log_offset    bigint,
    stopped       text,
    updated_at    timestamptz
) WITH (fillfactor = 50);
COMMENT ON TABLE aslog.shard_published IS 'One row a shard: how far the relay is known to have published. A hint of where to read back; what the topic holds is the truth about the topic.';
COMMENT ON COLUMN aslog.shard_published.shard IS 'Shard number.';
COMMENT ON COLUMN aslog.shard_published.published_seq IS 'Every journal row up to this seq is committed in the topics.';
COMMENT ON COLUMN aslog.shard_published.published_at IS 'When that was last seen to rise.';
COMMENT ON COLUMN aslog.shard_published.published_hash IS 'chain_hash of the row published_seq, as it stands in the topic.';
COMMENT ON COLUMN aslog.shard_published.recorded_at IS 'recorded_at of the row published_seq.';
COMMENT ON COLUMN aslog.shard_published.cluster_id IS 'Kafka cluster that holds it.';
COMMENT ON COLUMN aslog.shard_published.topic IS 'Topic that holds it.';
COMMENT ON COLUMN aslog.shard_published.log_offset IS 'Log offset of the record published_seq in that topic, in the partition of the shard.';
COMMENT ON COLUMN aslog.shard_published.stopped IS 'Why the shard stopped committing and publishing, in words and with what to do; null while it goes on.';
COMMENT ON COLUMN aslog.shard_published.updated_at IS 'When this row last changed.';

CREATE VIEW aslog.shard AS
SELECT h.shard, h.owner, r.instance, h.epoch, r.expires_at,
       h.head_seq, h.head_hash, h.head_recorded_at,
       coalesce(p.published_seq, 0) AS published_seq, p.published_at, p.stopped
FROM aslog.shard_head h
LEFT JOIN aslog.shard_published p USING (shard)
LEFT JOIN aslog.replica r ON r.incarnation = h.owner;
COMMENT ON VIEW aslog.shard IS 'Each shard: owner, epoch, journal head, published up to.';
COMMENT ON COLUMN aslog.shard.shard IS 'Shard number, which is the partition number in each topic.';
COMMENT ON COLUMN aslog.shard.owner IS 'Incarnation of the owning replica; null when the shard is free.';
COMMENT ON COLUMN aslog.shard.instance IS 'Name of the owning replica.';
COMMENT ON COLUMN aslog.shard.epoch IS 'Rises by one each time the shard changes hands.';
COMMENT ON COLUMN aslog.shard.expires_at IS 'When the owner''s heartbeat ends unless it is renewed.';
COMMENT ON COLUMN aslog.shard.head_seq IS 'seq of the newest journal row.';
COMMENT ON COLUMN aslog.shard.head_hash IS 'chain_hash of the newest journal row.';
COMMENT ON COLUMN aslog.shard.head_recorded_at IS 'recorded_at of the newest journal row.';
COMMENT ON COLUMN aslog.shard.published_seq IS 'Every row up to here is in the topics.';
COMMENT ON COLUMN aslog.shard.published_at IS 'When published_seq last rose.';
COMMENT ON COLUMN aslog.shard.stopped IS 'Why the shard stands still, with what to do; null while it goes on.';

CREATE TABLE aslog.budget (
    source       text COLLATE "C" PRIMARY KEY,
    tokens       double precision NOT NULL,
    refilled_at  timestamptz NOT NULL,
    paused_until timestamptz
) WITH (fillfactor = 50);
COMMENT ON TABLE aslog.budget IS 'One row a source: the requests that all replicas together may send now.';
COMMENT ON COLUMN aslog.budget.source IS 'Name of the source.';
COMMENT ON COLUMN aslog.budget.tokens IS 'Requests that may be sent at refilled_at.';
COMMENT ON COLUMN aslog.budget.refilled_at IS 'When tokens was last brought up to date, by the clock of Postgres.';
COMMENT ON COLUMN aslog.budget.paused_until IS 'Nobody asks this source for anything before this: it said so (429).';

-- Groups and their coverage ----------------------------------------------

CREATE TABLE aslog.scaling_group (
    group_id                 text COLLATE "C" PRIMARY KEY,
    project_id               text NOT NULL,
    source                   text NOT NULL,
    name                     text,
    status                   text,
    current_instance_number  bigint,
    desire_instance_number   bigint,
    min_instance_number      bigint,
    max_instance_number      bigint,
    scaling_configuration_id text,
    is_scaling               boolean,
    shard                    bigint NOT NULL,
    create_time              timestamptz,
    first_seen_at            timestamptz NOT NULL,
    last_seen_at             timestamptz,
    missed_lists             bigint NOT NULL DEFAULT 0,
    gone_at                  timestamptz,
    hinted_at                timestamptz,
    changed_at               timestamptz NOT NULL,
    raw                      json
) WITH (fillfactor = 70);
CREATE INDEX scaling_group_shard_changed ON aslog.scaling_group (shard, changed_at);
COMMENT ON TABLE aslog.scaling_group IS 'Auto Scaling groups that a source lists or listed, as last seen.';
COMMENT ON COLUMN aslog.scaling_group.group_id IS 'scaling_group_id of the API.';
COMMENT ON COLUMN aslog.scaling_group.project_id IS 'Project of the cloud tenant.';
COMMENT ON COLUMN aslog.scaling_group.source IS 'Name of the source (one project in one region).';
COMMENT ON COLUMN aslog.scaling_group.name IS 'scaling_group_name of the API.';
COMMENT ON COLUMN aslog.scaling_group.status IS 'scaling_group_status of the API.';
COMMENT ON COLUMN aslog.scaling_group.current_instance_number IS 'Instances in the group.';
COMMENT ON COLUMN aslog.scaling_group.desire_instance_number IS 'Instances wanted.';
COMMENT ON COLUMN aslog.scaling_group.min_instance_number IS 'Fewest instances allowed.';
COMMENT ON COLUMN aslog.scaling_group.max_instance_number IS 'Most instances allowed.';
COMMENT ON COLUMN aslog.scaling_group.scaling_configuration_id IS 'Configuration that new instances are made from.';
COMMENT ON COLUMN aslog.scaling_group.is_scaling IS 'True while a scaling action runs.';
COMMENT ON COLUMN aslog.scaling_group.shard IS 'Shard: (murmur2(group_id) & 0x7fffffff) % SHARDS.';
COMMENT ON COLUMN aslog.scaling_group.create_time IS 'When the group was created, by the API.';
COMMENT ON COLUMN aslog.scaling_group.first_seen_at IS 'When aslogd first knew of it.';
COMMENT ON COLUMN aslog.scaling_group.last_seen_at IS 'When a list last contained it.';
COMMENT ON COLUMN aslog.scaling_group.missed_lists IS 'Successive complete lists that lacked it; at two it is gone.';
COMMENT ON COLUMN aslog.scaling_group.gone_at IS 'When it was found to be gone; null while it lives.';
COMMENT ON COLUMN aslog.scaling_group.hinted_at IS 'When the watch last saw a sign of news; a hint carries no truth.';
COMMENT ON COLUMN aslog.scaling_group.changed_at IS 'When this row last changed in a way that the shard''s owner should see (found, hinted, gone, back).';
COMMENT ON COLUMN aslog.scaling_group.raw IS 'The group as the API last sent it.';

CREATE TABLE aslog.checkpoint (
    group_id        text COLLATE "C" PRIMARY KEY,
    project_id      text NOT NULL,
    source          text NOT NULL,
    shard           bigint NOT NULL,
    backfill_from   timestamptz NOT NULL,
    tail_from       timestamptz NOT NULL,
    watermark       timestamptz NOT NULL,
    covered         tstzmultirange NOT NULL DEFAULT '{}',
    settled         tstzmultirange NOT NULL DEFAULT '{}',
    lost_retention  tstzmultirange NOT NULL DEFAULT '{}',
    lost_offset_cap tstzmultirange NOT NULL DEFAULT '{}',
    lost_gone       tstzmultirange NOT NULL DEFAULT '{}',
    oldest_shown    timestamptz,
    age_shown       interval NOT NULL DEFAULT '0',
    lateness        interval NOT NULL DEFAULT '0',
    parked          boolean NOT NULL DEFAULT false,
    updated_at      timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX checkpoint_shard ON aslog.checkpoint (shard);
COMMENT ON TABLE aslog.checkpoint IS 'How far each group has been read, and proved.';
COMMENT ON COLUMN aslog.checkpoint.group_id IS 'The group.';
COMMENT ON COLUMN aslog.checkpoint.project_id IS 'Project of the group.';
COMMENT ON COLUMN aslog.checkpoint.source IS 'Source of the group.';
COMMENT ON COLUMN aslog.checkpoint.shard IS 'Shard of the group.';
COMMENT ON COLUMN aslog.checkpoint.backfill_from IS 'The first moment that is wanted; everything from here on is covered, a gap, or lag.';
COMMENT ON COLUMN aslog.checkpoint.tail_from IS 'Where the tail began when the group was first seen; the backfill ends here.';
COMMENT ON COLUMN aslog.checkpoint.watermark IS 'End of the unbroken part of covered from the backfill''s start; gaps that nothing can close (retention, offset_cap, gone) do not break it.';
COMMENT ON COLUMN aslog.checkpoint.covered IS 'Spans [from, to) of start time for which every action that the API showed when they were last proved is stored.';
COMMENT ON COLUMN aslog.checkpoint.settled IS 'The part of covered that the last settle re-read confirmed.';
COMMENT ON COLUMN aslog.checkpoint.lost_retention IS 'Spans that the API no longer shows.';
COMMENT ON COLUMN aslog.checkpoint.lost_offset_cap IS 'Seconds that hold more rows than the API lets anyone page to.';
COMMENT ON COLUMN aslog.checkpoint.lost_gone IS 'Spans that went unread before the group was gone.';
COMMENT ON COLUMN aslog.checkpoint.oldest_shown IS 'Start of the oldest action that the API showed for the group when its backfill looked.';
COMMENT ON COLUMN aslog.checkpoint.age_shown IS 'The greatest age at which the API still showed an action of the group: its source keeps records at least so long.';
COMMENT ON COLUMN aslog.checkpoint.lateness IS 'Longest time from an action''s start to its first sight, as measured for actions that the tail should have seen.';
COMMENT ON COLUMN aslog.checkpoint.parked IS 'The group is gone and read to its end; nothing is asked for it.';
COMMENT ON COLUMN aslog.checkpoint.updated_at IS 'When this row last changed.';

-- Actions -----------------------------------------------------------------

CREATE TABLE aslog.scaling_action (
    group_id       text COLLATE "C" NOT NULL,
    action_id      text COLLATE "C" NOT NULL,
    project_id     text NOT NULL,
    revision       bigint NOT NULL,
    status         text,
    type           text,
    start_time     timestamptz,
    end_time       timestamptz,
    instance_value bigint,
    desire_value   bigint,
    scaling_value  bigint,
    description    text,
    first_seen_at  timestamptz NOT NULL,
    changed_at     timestamptz NOT NULL,
    shard          bigint NOT NULL,
    seq            bigint NOT NULL,
    content_hash   bytea NOT NULL,
    raw            json,
    open           boolean NOT NULL,
    asked_epoch    bigint NOT NULL,
    asked_at       timestamptz NOT NULL,
    earlier_hashes bytea[],
    stale_hash     bytea,
    stale_since    timestamptz,
    PRIMARY KEY (group_id, action_id)
) WITH (fillfactor = 90);
CREATE INDEX scaling_action_seq ON aslog.scaling_action (shard, seq);
CREATE INDEX scaling_action_start ON aslog.scaling_action (group_id, start_time);
CREATE INDEX scaling_action_open ON aslog.scaling_action (group_id) WHERE open;
COMMENT ON TABLE aslog.scaling_action IS 'The present state of every scaling action: one row an action.';
COMMENT ON COLUMN aslog.scaling_action.group_id IS 'The group that acted.';
COMMENT ON COLUMN aslog.scaling_action.action_id IS 'id of the API''s log record.';
COMMENT ON COLUMN aslog.scaling_action.project_id IS 'Project of the group.';
COMMENT ON COLUMN aslog.scaling_action.revision IS '1 for the first state that was seen, one more for each change.';
COMMENT ON COLUMN aslog.scaling_action.status IS 'SUCCESS, FAIL or DOING; other texts as sent (DING is stored as DOING).';
COMMENT ON COLUMN aslog.scaling_action.type IS 'Type of the action as sent; MANNUAL_ is stored as MANUAL_.';
COMMENT ON COLUMN aslog.scaling_action.start_time IS 'When the action started.';
COMMENT ON COLUMN aslog.scaling_action.end_time IS 'When the action ended; null while it runs.';
COMMENT ON COLUMN aslog.scaling_action.instance_value IS 'Instances before the action.';
COMMENT ON COLUMN aslog.scaling_action.desire_value IS 'Instances that the action aimed at.';
COMMENT ON COLUMN aslog.scaling_action.scaling_value IS 'Instances that changed, unsigned.';
COMMENT ON COLUMN aslog.scaling_action.description IS 'The description as sent; where it is JSON with a reason, scaling_action_reason has rows.';
COMMENT ON COLUMN aslog.scaling_action.first_seen_at IS 'recorded_at of revision 1.';
COMMENT ON COLUMN aslog.scaling_action.changed_at IS 'recorded_at of the newest revision.';
COMMENT ON COLUMN aslog.scaling_action.shard IS 'Shard of the newest revision.';
COMMENT ON COLUMN aslog.scaling_action.seq IS 'seq of the newest revision in the journal; with shard, the cursor for incremental readers.';
COMMENT ON COLUMN aslog.scaling_action.content_hash IS 'One byte, the version of the normal form, then SHA-256 over the normal form and the unknown fields.';
COMMENT ON COLUMN aslog.scaling_action.raw IS 'The record as sent; null while the journal still holds it under (shard, seq).';
COMMENT ON COLUMN aslog.scaling_action.open IS 'The action has not ended.';
COMMENT ON COLUMN aslog.scaling_action.asked_epoch IS 'Epoch under which the newest revision was asked for.';
COMMENT ON COLUMN aslog.scaling_action.asked_at IS 'When the newest revision was asked for, in its owner''s clock.';
COMMENT ON COLUMN aslog.scaling_action.earlier_hashes IS 'content_hash of each earlier revision: an answer equal to one of them is taken for a stale replica''s.';
COMMENT ON COLUMN aslog.scaling_action.stale_hash IS 'content_hash of an earlier state that the API shows again.';
COMMENT ON COLUMN aslog.scaling_action.stale_since IS 'Since when it shows that.';

CREATE TABLE aslog.scaling_action_instance (
    group_id        text COLLATE "C" NOT NULL,
    action_id       text COLLATE "C" NOT NULL,
    outcome         text COLLATE "C" NOT NULL,
    ordinal         bigint NOT NULL,
    instance_id     text,
    instance_name   text,
    failed_reason   text,
    failed_details  text,
    instance_config text,
    PRIMARY KEY (group_id, action_id, outcome, ordinal)
);
COMMENT ON TABLE aslog.scaling_action_instance IS 'Instances that an action touched.';
COMMENT ON COLUMN aslog.scaling_action_instance.group_id IS 'The group that acted.';
COMMENT ON COLUMN aslog.scaling_action_instance.action_id IS 'The action.';
COMMENT ON COLUMN aslog.scaling_action_instance.outcome IS 'added, removed, deleted, failed, standby, or unknown (instance_name_list).';
COMMENT ON COLUMN aslog.scaling_action_instance.ordinal IS 'Place in the list of that outcome, from 0.';
COMMENT ON COLUMN aslog.scaling_action_instance.instance_id IS 'ECS id.';
COMMENT ON COLUMN aslog.scaling_action_instance.instance_name IS 'ECS name.';
COMMENT ON COLUMN aslog.scaling_action_instance.failed_reason IS 'Why it failed.';
COMMENT ON COLUMN aslog.scaling_action_instance.failed_details IS 'Details of the failure.';
COMMENT ON COLUMN aslog.scaling_action_instance.instance_config IS 'The configuration: a string''s content, or anything else''s JSON text as sent.';

CREATE TABLE aslog.scaling_action_load_balancer (
    group_id       text COLLATE "C" NOT NULL,
    action_id      text COLLATE "C" NOT NULL,
    outcome        text COLLATE "C" NOT NULL,
    ordinal        bigint NOT NULL,
    listener_id    text,
    pool_id        text,
    protocol_port  bigint,
    weight         bigint,
    listener       text,
    failed_reason  text,
    failed_details text,
    PRIMARY KEY (group_id, action_id, outcome, ordinal)
);
COMMENT ON TABLE aslog.scaling_action_load_balancer IS 'Load balancers that an action bound or unbound.';
COMMENT ON COLUMN aslog.scaling_action_load_balancer.group_id IS 'The group that acted.';
COMMENT ON COLUMN aslog.scaling_action_load_balancer.action_id IS 'The action.';
COMMENT ON COLUMN aslog.scaling_action_load_balancer.outcome IS 'bind_success, bind_failed, unbind_success or unbind_failed.';
COMMENT ON COLUMN aslog.scaling_action_load_balancer.ordinal IS 'Place in the list of that outcome, from 0.';
COMMENT ON COLUMN aslog.scaling_action_load_balancer.listener_id IS 'Enhanced load balancer: listener.';
COMMENT ON COLUMN aslog.scaling_action_load_balancer.pool_id IS 'Enhanced load balancer: backend server group.';
COMMENT ON COLUMN aslog.scaling_action_load_balancer.protocol_port IS 'Port on which a backend listens.';
COMMENT ON COLUMN aslog.scaling_action_load_balancer.weight IS 'Share of requests among the backends of the listener.';
COMMENT ON COLUMN aslog.scaling_action_load_balancer.listener IS 'Classic load balancer: a string''s content, or anything else''s JSON text as sent.';
COMMENT ON COLUMN aslog.scaling_action_load_balancer.failed_reason IS 'Why it failed.';
COMMENT ON COLUMN aslog.scaling_action_load_balancer.failed_details IS 'Details of the failure.';

CREATE TABLE aslog.scaling_action_reason (
    group_id            text COLLATE "C" NOT NULL,
    action_id           text COLLATE "C" NOT NULL,
    ordinal             bigint NOT NULL,
    change_reason       text,
    change_time         timestamptz,
    old_value           bigint,
    new_value           bigint,
    scaling_policy_id   text,
    scaling_policy_name text,
    PRIMARY KEY (group_id, action_id, ordinal)
);
COMMENT ON TABLE aslog.scaling_action_reason IS 'Why an action was taken, from the JSON in its description.';
COMMENT ON COLUMN aslog.scaling_action_reason.group_id IS 'The group that acted.';
COMMENT ON COLUMN aslog.scaling_action_reason.action_id IS 'The action.';
COMMENT ON COLUMN aslog.scaling_action_reason.ordinal IS 'Place in the list of reasons, from 0.';
COMMENT ON COLUMN aslog.scaling_action_reason.change_reason IS 'What caused it, as sent (SCHEDULED, RECURRENCE, ALARM, MANNUAL, DIFF, ...).';
COMMENT ON COLUMN aslog.scaling_action_reason.change_time IS 'When the change was asked for.';
COMMENT ON COLUMN aslog.scaling_action_reason.old_value IS 'Instances wanted before.';
COMMENT ON COLUMN aslog.scaling_action_reason.new_value IS 'Instances wanted after.';
COMMENT ON COLUMN aslog.scaling_action_reason.scaling_policy_id IS 'Policy that asked for it.';
COMMENT ON COLUMN aslog.scaling_action_reason.scaling_policy_name IS 'Name of that policy.';

-- The journal -------------------------------------------------------------

CREATE TABLE aslog.journal (
    shard          bigint NOT NULL,
    seq            bigint NOT NULL,
    recorded_at    timestamptz NOT NULL,
    source         text NOT NULL,
    project_id     text NOT NULL,
    group_id       text COLLATE "C" NOT NULL,
    group_name     text,
    action_id      text COLLATE "C" NOT NULL,
    revision       bigint NOT NULL,
    change         text NOT NULL,
    status         text,
    type           text,
    start_time     timestamptz,
    end_time       timestamptz,
    instance_value bigint,
    desire_value   bigint,
    scaling_value  bigint,
    content_hash   bytea NOT NULL,
    raw            json NOT NULL,
    chain_hash     bytea NOT NULL
) PARTITION BY RANGE (recorded_at);
CREATE INDEX journal_seq ON aslog.journal (shard, seq);
COMMENT ON TABLE aslog.journal IS 'Every revision of every action, in the order in which it was recorded. Append-only; the truth that tables and topics follow.';
COMMENT ON COLUMN aslog.journal.shard IS 'Shard; partition number in the topics.';
COMMENT ON COLUMN aslog.journal.seq IS 'Number within the shard, from 1, without a hole.';
COMMENT ON COLUMN aslog.journal.recorded_at IS 'When it was recorded, by the clock of Postgres; never falls within a shard.';
COMMENT ON COLUMN aslog.journal.source IS 'Name of the source.';
COMMENT ON COLUMN aslog.journal.project_id IS 'Project of the group.';
COMMENT ON COLUMN aslog.journal.group_id IS 'The group that acted.';
COMMENT ON COLUMN aslog.journal.group_name IS 'Name of the group when this was recorded.';
COMMENT ON COLUMN aslog.journal.action_id IS 'id of the API''s log record.';
COMMENT ON COLUMN aslog.journal.revision IS 'Revision of the action, from 1.';
COMMENT ON COLUMN aslog.journal.change IS 'new for revision 1, changed for later ones.';
COMMENT ON COLUMN aslog.journal.status IS 'As in scaling_action, at this revision.';
COMMENT ON COLUMN aslog.journal.type IS 'As in scaling_action, at this revision.';
COMMENT ON COLUMN aslog.journal.start_time IS 'As in scaling_action, at this revision.';
COMMENT ON COLUMN aslog.journal.end_time IS 'As in scaling_action, at this revision.';
COMMENT ON COLUMN aslog.journal.instance_value IS 'As in scaling_action, at this revision.';
COMMENT ON COLUMN aslog.journal.desire_value IS 'As in scaling_action, at this revision.';
COMMENT ON COLUMN aslog.journal.scaling_value IS 'As in scaling_action, at this revision.';
COMMENT ON COLUMN aslog.journal.content_hash IS 'As in scaling_action, at this revision.';
COMMENT ON COLUMN aslog.journal.raw IS 'The record''s text byte for byte as the API sent it.';
COMMENT ON COLUMN aslog.journal.chain_hash IS 'SHA-256 over the chain_hash of the row before and this row''s canonical form (docs/audit.md).';

CREATE FUNCTION aslog.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'aslog.journal is append-only: % refused', TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'Rows leave only with a whole month, by retention.';
END $$;
COMMENT ON FUNCTION aslog.refuse_change() IS 'Refuses UPDATE, DELETE and TRUNCATE on the journal and its partitions.';
CREATE TRIGGER refuse_row_change BEFORE UPDATE OR DELETE ON aslog.journal
    FOR EACH ROW EXECUTE FUNCTION aslog.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON aslog.journal
    FOR EACH STATEMENT EXECUTE FUNCTION aslog.refuse_change();

-- Makes the partition of one month. CREATE … PARTITION OF would take a lock on
-- the journal that waits for every reader, and every writer behind it; a table
-- made apart and attached under a matching CHECK takes a lock that neither
-- readers nor writers conflict with.
CREATE FUNCTION aslog.make_journal_month(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    first timestamptz := date_trunc('month', month)::timestamp AT TIME ZONE 'UTC';
    next  timestamptz := (date_trunc('month', month) + interval '1 month')::timestamp AT TIME ZONE 'UTC';
    name  text := 'journal_' || to_char(date_trunc('month', month), 'YYYY_MM');
BEGIN
    IF to_regclass('aslog.' || name) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('aslog.make_journal_month'));
    IF to_regclass('aslog.' || name) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE aslog.%I (LIKE aslog.journal INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING COMMENTS, CONSTRAINT month CHECK (recorded_at >= %L AND recorded_at < %L))', name, first, next);
    EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON aslog.%I FOR EACH STATEMENT EXECUTE FUNCTION aslog.refuse_change()', name);
    EXECUTE format('COMMENT ON TABLE aslog.%I IS %L', name, 'Journal rows recorded in ' || to_char(date_trunc('month', month), 'YYYY-MM') || ' (UTC).');
    EXECUTE format('ALTER TABLE aslog.journal ATTACH PARTITION aslog.%I FOR VALUES FROM (%L) TO (%L)', name, first, next);
    EXECUTE format('ALTER TABLE aslog.%I DROP CONSTRAINT month', name);
    RETURN true;
END $$;
COMMENT ON FUNCTION aslog.make_journal_month(date) IS 'Makes the journal''s partition for the month of the given day; false when it is there already.';
SELECT aslog.make_journal_month((date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month')::date)
FROM generate_series(-1, 3) AS n;

-- What could not be taken, what was done, what was asked for ---------------

CREATE TABLE aslog.quarantine (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    seen_at     timestamptz NOT NULL,
    project_id  text,
    source      text NOT NULL,
    group_id    text COLLATE "C" NOT NULL,
    action_id   text COLLATE "C",
    reason      text NOT NULL,
    detail      text,
    raw         bytea NOT NULL,
    raw_hash    bytea NOT NULL,
    times       bigint NOT NULL DEFAULT 1,
    resolved_at timestamptz
);
CREATE UNIQUE INDEX quarantine_once ON aslog.quarantine (group_id, coalesce(action_id, ''), reason, raw_hash);
CREATE INDEX quarantine_seen ON aslog.quarantine (seen_at);
COMMENT ON TABLE aslog.quarantine IS 'What could not be taken, or not wholly. Nothing is ever dropped in silence.';
COMMENT ON COLUMN aslog.quarantine.id IS 'Number.';
COMMENT ON COLUMN aslog.quarantine.seen_at IS 'When it was first seen.';
COMMENT ON COLUMN aslog.quarantine.project_id IS 'Project it came from.';
COMMENT ON COLUMN aslog.quarantine.source IS 'Source it came from.';
COMMENT ON COLUMN aslog.quarantine.group_id IS 'Group it was asked for.';
COMMENT ON COLUMN aslog.quarantine.action_id IS 'The record''s id, where one could be read.';
COMMENT ON COLUMN aslog.quarantine.reason IS 'Kind of fault; a field that could not be read is named as field:NAME.';
COMMENT ON COLUMN aslog.quarantine.detail IS 'The fault in words.';
COMMENT ON COLUMN aslog.quarantine.raw IS 'The bytes as received, cut at 1 MB.';
COMMENT ON COLUMN aslog.quarantine.raw_hash IS 'SHA-256 over the whole bytes, or over group and hour for a page that is no JSON.';
COMMENT ON COLUMN aslog.quarantine.times IS 'How often it came; counted for pages that are no JSON.';
COMMENT ON COLUMN aslog.quarantine.resolved_at IS 'When a later read took it after all.';

CREATE TABLE aslog.scan (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    source     text NOT NULL,
    group_id   text COLLATE "C" NOT NULL,
    kind       text NOT NULL,
    from_time  timestamptz,
    to_time    timestamptz,
    requests   bigint NOT NULL,
    total      bigint,
    distinct_ids bigint NOT NULL,
    new_actions bigint NOT NULL,
    changed_actions bigint NOT NULL,
    restarts   bigint NOT NULL,
    outcome    text NOT NULL
);
CREATE INDEX scan_group ON aslog.scan (group_id, at);
COMMENT ON TABLE aslog.scan IS 'One row for each scan that found, repaired or failed something.';
COMMENT ON COLUMN aslog.scan.id IS 'Number.';
COMMENT ON COLUMN aslog.scan.at IS 'When it ended.';
COMMENT ON COLUMN aslog.scan.source IS 'Source.';
COMMENT ON COLUMN aslog.scan.group_id IS 'Group.';
COMMENT ON COLUMN aslog.scan.kind IS 'tail, follow, settle, reconcile or backfill.';
COMMENT ON COLUMN aslog.scan.from_time IS 'Start of the span that was asked for.';
COMMENT ON COLUMN aslog.scan.to_time IS 'End of the span; null when it was open.';
COMMENT ON COLUMN aslog.scan.requests IS 'Requests sent.';
COMMENT ON COLUMN aslog.scan.total IS 'total_number of the last page.';
COMMENT ON COLUMN aslog.scan.distinct_ids IS 'Distinct ids read, with quarantined rows that have none.';
COMMENT ON COLUMN aslog.scan.new_actions IS 'Actions that were new.';
COMMENT ON COLUMN aslog.scan.changed_actions IS 'Actions that had changed.';
COMMENT ON COLUMN aslog.scan.restarts IS 'Times that the pass began again because the list had moved.';
COMMENT ON COLUMN aslog.scan.outcome IS 'proved, unproved, or the failure in words.';

CREATE TABLE aslog.operation (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT now(),
    by        text NOT NULL DEFAULT current_user,
    command   text NOT NULL,
    arguments json NOT NULL,
    progress  json,
    outcome   text
);
COMMENT ON TABLE aslog.operation IS 'What people asked for, and what came of it.';
COMMENT ON COLUMN aslog.operation.id IS 'Number.';
COMMENT ON COLUMN aslog.operation.at IS 'When it was asked.';
COMMENT ON COLUMN aslog.operation.by IS 'Who asked.';
COMMENT ON COLUMN aslog.operation.command IS 'The command.';
COMMENT ON COLUMN aslog.operation.arguments IS 'Its arguments.';
COMMENT ON COLUMN aslog.operation.progress IS 'How far it is.';
COMMENT ON COLUMN aslog.operation.outcome IS 'What came of it; null while it is under way.';
-- +goose StatementEnd
