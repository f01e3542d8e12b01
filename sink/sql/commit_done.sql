-- Whether an earlier transaction committed. Of one that this server does not
-- know yet (it was restored to an older state) it must not be asked.
SELECT CASE WHEN @xact::text::xid8 < pg_snapshot_xmax(pg_current_snapshot())
            THEN coalesce(pg_xact_status(@xact::text::xid8) = 'committed', false)
            ELSE false END
