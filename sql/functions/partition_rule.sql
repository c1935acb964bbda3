CREATE OR REPLACE FUNCTION camgrid.partition_rule(table_name text)
RETURNS TABLE (
    months_ahead integer, archive_after_months integer, drop_after_months integer, set_by text, set_at timestamptz
)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT r.months_ahead, r.archive_after_months, r.drop_after_months, r.set_by, r.set_at
    FROM camgrid.partition_rules AS r
    WHERE r.table_name = partition_rule.table_name
    ORDER BY r.id DESC
    LIMIT 1
$$;

COMMENT ON FUNCTION camgrid.partition_rule(text) IS
'The rule for the months of a table that holds now, and who set it when';

REVOKE ALL ON FUNCTION camgrid.partition_rule(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.partition_rule(text) TO camgrid_monitor;
