CREATE OR REPLACE FUNCTION camgrid.list_partitions(table_name text)
RETURNS TABLE (partition_name text, start_date date, end_date date)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
    SELECT
        part.relname::text,
        bound[1]::timestamptz::date,
        bound[2]::timestamptz::date
    FROM pg_class AS parent
    JOIN pg_inherits AS inherited ON inherited.inhparent = parent.oid
    JOIN pg_class AS part ON part.oid = inherited.inhrelid
    CROSS JOIN LATERAL regexp_match(
        pg_get_expr(part.relpartbound, part.oid), 'FROM \(''(.+)''\) TO \(''(.+)''\)'
    ) AS bound
    WHERE parent.oid = to_regclass(format('camgrid.%I', list_partitions.table_name))
    ORDER BY 2
$$;

COMMENT ON FUNCTION camgrid.list_partitions(text) IS
'Partitions of a table and the days (UTC) that they hold: from start_date on, before end_date';
