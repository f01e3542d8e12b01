-- +goose Up
-- Whether a commit whose answer was lost came to be is told by its own name, in
-- the shard's row: a transaction's number may be another one's after a failover.

-- +goose StatementBegin
ALTER TABLE aslog.shard_head ADD COLUMN head_commit text;
COMMENT ON COLUMN aslog.shard_head.head_commit IS 'A name that the newest commit wrote: who has no answer to one sees by it whether it came to be.';
-- +goose StatementEnd
