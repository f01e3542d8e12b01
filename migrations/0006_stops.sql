-- +goose NO TRANSACTION
-- +goose Up
-- Whether a commit whose answer was lost came to be is told by its own name, in
-- the shard's row: a transaction's number may be another one's after a failover.
-- And why a shard stands still says in one word what kind of thing is wrong, and
-- of which topic: it holds for no other.
--
-- Each statement for itself, so that none has one table locked while it waits for
-- the other: daemons at work take the two in either order. So each may be repeated.

ALTER TABLE aslog.shard_head ADD COLUMN IF NOT EXISTS head_commit text;
COMMENT ON COLUMN aslog.shard_head.head_commit IS 'A name that the newest commit wrote: who has no answer to one sees by it whether it came to be.';

ALTER TABLE aslog.shard_published
    ADD COLUMN IF NOT EXISTS stopped_kind  text,
    ADD COLUMN IF NOT EXISTS stopped_topic text;
COMMENT ON COLUMN aslog.shard_published.stopped_kind IS 'What stopped is about, in one word; null while the shard goes on, or where an older release wrote it.';
COMMENT ON COLUMN aslog.shard_published.stopped_topic IS 'Topic that stopped is about: under another one it holds no more. Null where it holds whatever the topic.';

CREATE OR REPLACE VIEW aslog.shard AS
SELECT h.shard, h.owner, r.instance, h.epoch, r.expires_at,
       h.head_seq, h.head_hash, h.head_recorded_at,
       coalesce(p.published_seq, 0) AS published_seq, p.published_at, p.stopped, p.stopped_kind, p.stopped_topic
FROM aslog.shard_head h
LEFT JOIN aslog.shard_published p USING (shard)
LEFT JOIN aslog.replica r ON r.incarnation = h.owner;
COMMENT ON COLUMN aslog.shard.stopped_kind IS 'Why the shard stands still, in one word; null while it goes on.';
COMMENT ON COLUMN aslog.shard.stopped_topic IS 'Topic that this is about; null while it goes on, or whatever the topic.';
