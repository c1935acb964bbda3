CREATE OR REPLACE FUNCTION camgrid.ensure_partitions(months_ahead integer DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made integer := 0;
    wanted record;
BEGIN
    FOR wanted IN SELECT m.table_name, m.start_date FROM camgrid.months_missing(months_ahead) AS m LOOP
        PERFORM camgrid.create_monthly_partition(wanted.table_name, wanted.start_date);
        made := made + 1;
    END LOOP;
    RETURN made;
END;
$$;

COMMENT ON FUNCTION camgrid.ensure_partitions(integer) IS
'Makes the months that are missing, from last month to months_ahead (null: as the rules say), in one transaction: for a
database that nobody writes to yet. CALL make_months_ahead() lets nobody wait';

REVOKE ALL ON FUNCTION camgrid.ensure_partitions(integer) FROM PUBLIC;
