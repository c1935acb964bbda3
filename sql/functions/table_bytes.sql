CREATE OR REPLACE FUNCTION camgrid.table_bytes()
RETURNS TABLE (
    table_name text, month date, storage text, shards bigint, row_count bigint, heap_bytes bigint, toast_bytes bigint,
    index_bytes bigint
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT camgrid.is_distributed('counting_results') THEN
        RETURN QUERY SELECT * FROM camgrid.local_table_bytes();
        RETURN;
    END IF;
    RETURN QUERY EXECUTE $query$
        SELECT l.table_name, l.month, l.storage, sum(l.shards)::bigint, sum(l.row_count)::bigint, sum(l.heap_bytes)::bigint,
            sum(l.toast_bytes)::bigint, sum(l.index_bytes)::bigint
        FROM run_command_on_all_nodes(
            'SELECT coalesce(json_agg(l), ''[]'') FROM camgrid.local_table_bytes() AS l',
            give_warning_for_connection_errors := TRUE
        ) AS a
        CROSS JOIN LATERAL json_to_recordset(CASE WHEN a.success THEN a.result::json ELSE '[]' END) AS l (
            table_name text, month date, storage text, shards bigint, row_count bigint, heap_bytes bigint,
            toast_bytes bigint, index_bytes bigint
        )
        GROUP BY 1, 2, 3
        ORDER BY 1, 2
    $query$;
END;
$$;

COMMENT ON FUNCTION camgrid.table_bytes() IS
'What rows take, by table, month and storage, over all primaries; rows are estimates. See local_table_bytes()';

REVOKE ALL ON FUNCTION camgrid.table_bytes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.table_bytes() TO camgrid_monitor;
