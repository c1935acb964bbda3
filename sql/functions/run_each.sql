-- No pinned search_path: a procedure that has one may not commit. Every name is qualified instead.
CREATE OR REPLACE PROCEDURE camgrid.run_each(statements text[], attempts integer DEFAULT 40)
LANGUAGE plpgsql
AS $$
DECLARE
    statement text;
    done boolean;
    attempt integer;
BEGIN
    FOREACH statement IN ARRAY statements LOOP
        attempt := 0;
        LOOP
            attempt := attempt + 1;
            BEGIN
                -- Whoever waits for a lock lets those wait who come later: so never for long.
                PERFORM pg_catalog.set_config('lock_timeout', '50ms', TRUE);
                EXECUTE statement;
                done := TRUE;
            EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
                IF attempt >= attempts THEN
                    RAISE;
                END IF;
                done := FALSE;
            END;
            COMMIT;
            EXIT WHEN done;
            PERFORM pg_catalog.pg_sleep(0.1 + pg_catalog.random() * 0.2);
        END LOOP;
    END LOOP;
END;
$$;

COMMENT ON PROCEDURE camgrid.run_each (text [], integer) IS
'Runs statements on this node, each in a transaction of its own, and again when a lock is not to be had within 50 ms';

ALTER PROCEDURE camgrid.run_each(text[], integer) OWNER TO camgrid_owner;
REVOKE ALL ON PROCEDURE camgrid.run_each(text[], integer) FROM PUBLIC;
