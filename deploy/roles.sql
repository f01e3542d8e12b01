-- The three roles of aslogd. `aslogd migrate` runs this itself where the role
-- that it connects as may; otherwise an administrator runs it once, in aslogd's
-- database (repeating it does no harm):
--
--     psql -d aslogd -f roles.sql
--
-- and then lets login roles have them:
--
--     GRANT aslogd_owner  TO aslogd_migrate;   -- runs `aslogd migrate`
--     GRANT aslogd_writer TO aslogd_daemon;    -- runs `aslogd run`
--     GRANT aslogd_reader TO some_data_team;   -- reads tables and views
--
-- Roles belong to the whole cluster, so two databases may race to make them:
-- who comes second finds them there, which is what it wanted.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['aslogd_owner', 'aslogd_writer', 'aslogd_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
    END LOOP;

    -- The owner makes the schema, so that everything in it is its own.
    IF NOT has_database_privilege('aslogd_owner', current_database(), 'CREATE') THEN
        EXECUTE format('GRANT CREATE ON DATABASE %I TO aslogd_owner', current_database());
    END IF;
END $$;
