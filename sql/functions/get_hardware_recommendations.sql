CREATE OR REPLACE FUNCTION camgrid.get_hardware_recommendations()
RETURNS TABLE (
    component text, current_value text, recommended_value text, priority text, node_name text, reason text
)
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    WITH nodes AS MATERIALIZED (SELECT * FROM camgrid.known_nodes()),
    load AS MATERIALIZED (
        SELECT
            (SELECT count(*) FROM camgrid.cameras AS c WHERE c.active) AS cameras,
            (SELECT sum(d.results) FROM camgrid.counts_daily AS d WHERE d.day = current_date - 1)::numeric / 86400 AS results_s,
            (SELECT greatest(1, count(DISTINCT n.citus_group) FILTER (WHERE n.citus_group > 0)) FROM nodes AS n) AS groups
    )
    SELECT a.component, a.current_value, a.recommended_value, a.priority, n.node_name, coalesce(told.reason, a.reason)
    FROM nodes AS n
    CROSS JOIN load AS l
    CROSS JOIN LATERAL camgrid.ask_node(n.node_name, 'SELECT * FROM camgrid.local_hardware()') AS told
    CROSS JOIN LATERAL camgrid.hardware_advice(told.answer, l.cameras, l.results_s, l.groups) AS a
    ORDER BY n.node_name, array_position(
        '{critical,high,medium,unknown,low}', a.priority
    ), a.component
$$;

COMMENT ON FUNCTION camgrid.get_hardware_recommendations() IS
'What every node has, read on the node itself, and what it is to have for the data, cameras and load that the cluster
has now; the most urgent first for each node. What a node does not tell is unknown, and so is all of one that does not
answer, with the reason';

REVOKE ALL ON FUNCTION camgrid.get_hardware_recommendations() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.get_hardware_recommendations() TO camgrid_monitor;
