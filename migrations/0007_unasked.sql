-- +goose NO TRANSACTION
-- +goose Up
-- Nothing asks for the present of actions by seq: the journal has it, with an index
-- of its own. Each action paid for this one as it was written and as it changed.
-- Daemons go on meanwhile; so it may be repeated.

DROP INDEX CONCURRENTLY IF EXISTS aslog.scaling_action_seq;
