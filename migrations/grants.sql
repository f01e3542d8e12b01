-- Who may do what in the schema. Run after every migration, as aslogd_owner, so
-- that a new object never waits for somebody to think of it.
GRANT USAGE ON SCHEMA aslog TO aslogd_writer, aslogd_reader;

DO $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT c.oid::regclass AS name, c.relname, c.relkind, c.relispartition
        FROM pg_class c
        WHERE c.relnamespace = 'aslog'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
    LOOP
        IF item.relkind = 'S' THEN
            EXECUTE format('GRANT USAGE ON SEQUENCE %s TO aslogd_writer', item.name);
        ELSIF item.relkind IN ('v', 'm') OR item.relispartition
              OR item.relname IN ('schema_info', 'schema_migration') THEN
            -- Rows reach a partition through the journal, which needs no right
            -- on the partition itself.
            EXECUTE format('GRANT SELECT ON %s TO aslogd_writer, aslogd_reader', item.name);
        ELSIF item.relname = 'journal' THEN
            EXECUTE format('GRANT SELECT, INSERT ON %s TO aslogd_writer', item.name);
            EXECUTE format('GRANT SELECT ON %s TO aslogd_reader', item.name);
        ELSE
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO aslogd_writer', item.name);
            EXECUTE format('GRANT SELECT ON %s TO aslogd_reader', item.name);
        END IF;
    END LOOP;
END $$;

-- It runs with its owner's rights: nobody calls it but those named.
REVOKE EXECUTE ON FUNCTION aslog.make_journal_month(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aslog.make_journal_month(date) TO aslogd_writer;

-- The months to come are made between two migrations, by that function.
ALTER DEFAULT PRIVILEGES FOR ROLE aslogd_owner IN SCHEMA aslog
    GRANT SELECT ON TABLES TO aslogd_writer, aslogd_reader;
