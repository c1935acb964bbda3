-- No pinned search_path: a procedure that has one may not commit. Every name is qualified instead.
CREATE OR REPLACE PROCEDURE camgrid.refresh_rollups()
LANGUAGE plpgsql
AS $$
DECLARE
    -- The job runs every 30 s; what is left of a long backlog is for the next run.
    deadline CONSTANT timestamptz := pg_catalog.clock_timestamp() + interval '20 seconds';
    more boolean := TRUE;
    began timestamptz;
BEGIN
    WHILE more LOOP
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
        -- One at a time, and before the snapshot is taken: whoever waited here sees what the other did.
        LOCK TABLE camgrid.rollup_state IN EXCLUSIVE MODE;
        began := pg_catalog.clock_timestamp();
        more := camgrid.note_earlier_results();
        PERFORM camgrid.follow_timezones();
        PERFORM camgrid.roll_up();
        UPDATE camgrid.rollup_state SET
            refreshed_at = began,
            -- Portions that are neither all overhead nor hours of work that an interruption loses.
            step = CASE
                WHEN pg_catalog.clock_timestamp() - began < interval '2 seconds' THEN least(step * 2, interval '32 days')
                WHEN pg_catalog.clock_timestamp() - began > interval '8 seconds' THEN greatest(step / 2, interval '1 hour')
                ELSE step
            END;
        more := more AND pg_catalog.clock_timestamp() < deadline;
    END LOOP;
    COMMIT;
END;
$$;

COMMENT ON PROCEDURE camgrid.refresh_rollups () IS
'Brings counts_hourly, counts_daily and camera_latest up to date; a job calls it every 30 seconds. With much to do it
ends after some 20 seconds and the next call goes on. CALL it outside a transaction, as the superuser';

REVOKE ALL ON PROCEDURE camgrid.refresh_rollups() FROM PUBLIC;
