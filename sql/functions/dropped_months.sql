CREATE OR REPLACE FUNCTION camgrid.dropped_months(table_name text) RETURNS tstzmultirange
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
    SELECT coalesce(range_agg(tstzrange(l.start_date, l.end_date)), '{}')
    FROM camgrid.partition_log AS l
    WHERE l.table_name = dropped_months.table_name AND l.action IN ('detached', 'dropped')
$$;

COMMENT ON FUNCTION camgrid.dropped_months(text) IS
'Months of a table that were dropped: their rollups stay as they were, because the raw rows are gone';

REVOKE ALL ON FUNCTION camgrid.dropped_months(text) FROM PUBLIC;
