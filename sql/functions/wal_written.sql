CREATE OR REPLACE FUNCTION camgrid.wal_written() RETURNS TABLE (wal_bytes numeric, result_rows bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT camgrid.is_distributed('counting_results') THEN
        RETURN QUERY SELECT * FROM camgrid.local_wal();
        RETURN;
    END IF;
    RETURN QUERY EXECUTE $query$
        SELECT sum(l.wal_bytes), sum(l.result_rows)::bigint
        FROM run_command_on_all_nodes(
            'SELECT row_to_json(l) FROM camgrid.local_wal() AS l', give_warning_for_connection_errors := TRUE
        ) AS a
        CROSS JOIN LATERAL json_to_record(CASE WHEN a.success THEN a.result::json ELSE '{}' END)
            AS l (wal_bytes numeric, result_rows bigint)
    $query$;
END;
$$;

COMMENT ON FUNCTION camgrid.wal_written() IS
'local_wal() of all primaries together';

REVOKE ALL ON FUNCTION camgrid.wal_written() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.wal_written() TO camgrid_monitor;
