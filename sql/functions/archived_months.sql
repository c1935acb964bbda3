CREATE OR REPLACE FUNCTION camgrid.archived_months(table_name text) RETURNS tstzmultirange
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
    SELECT coalesce(range_agg(tstzrange(p.start_date::timestamptz, p.end_date::timestamptz)), '{}')
    FROM camgrid.list_partitions(archived_months.table_name) AS p
    JOIN pg_class AS c ON c.oid = to_regclass(format('camgrid.%I', p.partition_name))
    JOIN pg_am AS am ON am.oid = c.relam
    WHERE am.amname = 'columnar'
$$;

COMMENT ON FUNCTION camgrid.archived_months(text) IS
'The times for which a table is columnar: there rows can be inserted, but not with ON CONFLICT, and not be changed';
