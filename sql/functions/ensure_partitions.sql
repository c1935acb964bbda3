CREATE OR REPLACE FUNCTION camgrid.ensure_partitions(months_ahead integer DEFAULT 3) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
    made integer := 0;
    wanted record;
BEGIN
    IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 120 THEN
        RAISE EXCEPTION 'months_ahead is %, not between 0 and 120', coalesce(months_ahead::text, 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Last month too: rows that come late around midnight of the first belong to it.
    FOR wanted IN
        SELECT t.name, (date_trunc('month', now()) + make_interval(months => m.number))::date AS month
        FROM camgrid.partitioned_tables() AS t (name), generate_series(-1, months_ahead) AS m (number)
        WHERE NOT EXISTS (
            SELECT FROM camgrid.list_partitions(t.name) AS p
            WHERE p.start_date = (date_trunc('month', now()) + make_interval(months => m.number))::date
        )
        ORDER BY m.number, t.name
    LOOP
        PERFORM camgrid.create_monthly_partition(wanted.name, wanted.month);
        made := made + 1;
    END LOOP;
    RETURN made;
END;
$$;

COMMENT ON FUNCTION camgrid.ensure_partitions(integer) IS
'Makes the partitions of last month, this one and months_ahead more that are missing; returns how many. Run by pg_cron';

REVOKE ALL ON FUNCTION camgrid.ensure_partitions(integer) FROM PUBLIC;
