-- No pinned search_path: a procedure that has one may not commit. Every name is qualified instead.
CREATE OR REPLACE PROCEDURE camgrid.age_partitions()
LANGUAGE plpgsql
AS $$
DECLARE
    due record;
    outcome text;
    refused text[] := '{}';
BEGIN
    IF NOT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended('camgrid.age_partitions', 0)) THEN
        RAISE EXCEPTION 'another run archives or drops months' USING ERRCODE = 'lock_not_available';
    END IF;
    FOR due IN SELECT d.table_name, d.start_date, d.action FROM camgrid.months_due() AS d LOOP
        outcome := NULL;
        IF due.action = 'archive' THEN
            CALL camgrid.archive_partition(due.table_name, due.start_date, outcome);
        ELSE
            CALL camgrid.drop_partition(due.table_name, due.start_date, outcome);
        END IF;
        COMMIT;
        IF outcome LIKE 'refused%' THEN
            refused := refused || pg_catalog.format('%s %s of %s %s', due.action, due.start_date, due.table_name, outcome);
        END IF;
    END LOOP;
    PERFORM pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended('camgrid.age_partitions', 0));
    IF refused <> '{}' THEN
        RAISE EXCEPTION '%', pg_catalog.array_to_string(refused, '; ');
    END IF;
END;
$$;

COMMENT ON PROCEDURE camgrid.age_partitions () IS
'Archives and drops the months that the rules say; fails at its end when one was refused, so that its job shows it. Run
by pg_cron';

REVOKE ALL ON PROCEDURE camgrid.age_partitions() FROM PUBLIC;
