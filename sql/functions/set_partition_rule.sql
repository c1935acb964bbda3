CREATE OR REPLACE FUNCTION camgrid.set_partition_rule(
    table_name text, months_ahead integer, archive_after_months integer, drop_after_months integer
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM camgrid.check_month(table_name, '2000-01-01');
    INSERT INTO camgrid.partition_rules (table_name, months_ahead, archive_after_months, drop_after_months, set_by)
    VALUES (
        table_name, months_ahead, archive_after_months, drop_after_months,
        coalesce(nullif(current_setting('camgrid.operator', TRUE), ''), session_user)
    );
END;
$$;

COMMENT ON FUNCTION camgrid.set_partition_rule(text, integer, integer, integer) IS
'Sets all of a table''s rule: months made ahead, full months until one is archived and until one is dropped (null:
never)';

REVOKE ALL ON FUNCTION camgrid.set_partition_rule(text, integer, integer, integer) FROM PUBLIC;
