-- No pinned search_path: a procedure that has one may not commit. Every name is qualified instead.
CREATE OR REPLACE PROCEDURE camgrid.make_months_ahead()
LANGUAGE plpgsql
AS $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN SELECT m.table_name, m.start_date FROM camgrid.months_missing() AS m LOOP
        CALL camgrid.make_partition(wanted.table_name, wanted.start_date);
    END LOOP;
END;
$$;

COMMENT ON PROCEDURE camgrid.make_months_ahead () IS 'Makes the months ahead that the rules ask for. Run by pg_cron';

REVOKE ALL ON PROCEDURE camgrid.make_months_ahead() FROM PUBLIC;
