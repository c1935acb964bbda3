CREATE OR REPLACE FUNCTION camgrid.watch_changes() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
-- Writers wait behind this, so it does not wait for them for long.
SET lock_timeout = '2s'
-- Citus's name for "any trigger": this one keeps to what Citus allows in them.
SET "citus.enable_unsafe_triggers" = 'on'
AS $$
DECLARE
    event text;
    tables text;
BEGIN
    FOREACH event IN ARRAY ARRAY['insert', 'update', 'delete'] LOOP
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_trigger
            WHERE tgrelid = 'camgrid.counting_results'::regclass AND tgname = 'note_' || event
        );
        tables := CASE event
            WHEN 'insert' THEN 'NEW TABLE AS changed'
            WHEN 'update' THEN 'OLD TABLE AS was NEW TABLE AS changed'
            ELSE 'OLD TABLE AS changed'
        END;
        EXECUTE format(
            'CREATE TRIGGER %I AFTER %s ON camgrid.counting_results REFERENCING %s '
            'FOR EACH STATEMENT EXECUTE FUNCTION camgrid.note_changes()',
            'note_' || event, event, tables
        );
        -- Whatever was stored before is noted by the job, from the newest on.
        UPDATE camgrid.rollup_state SET noted_since = 'infinity';
    END LOOP;
END;
$$;

COMMENT ON FUNCTION camgrid.watch_changes() IS
'From now on every change of counting_results is noted for the rollups; fails when writers do not let it in within 2 s';

REVOKE ALL ON FUNCTION camgrid.watch_changes() FROM PUBLIC;
