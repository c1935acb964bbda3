CREATE OR REPLACE FUNCTION camgrid.monitor_connection_pools()
RETURNS TABLE (
    pool_name text, total_connections integer, active_connections integer, idle_connections integer,
    waiting_connections integer, clients integer, longest_wait_seconds integer, reason text
)
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT
        concat_ws('/', n.node_name, pool.user_name),
        pool.total_connections,
        pool.active_connections,
        pool.idle_connections,
        pool.waiting_connections,
        pool.clients,
        pool.longest_wait_seconds,
        told.reason
    FROM camgrid.known_nodes() AS n
    CROSS JOIN LATERAL camgrid.ask_node(n.node_name, 'SELECT * FROM camgrid.local_connection_pools()') AS told
    CROSS JOIN LATERAL json_to_record(coalesce(told.answer, '{}')) AS pool (
        user_name text, total_connections integer, active_connections integer, idle_connections integer,
        waiting_connections integer, clients integer, longest_wait_seconds integer
    )
    ORDER BY 1
$$;

COMMENT ON FUNCTION camgrid.monitor_connection_pools() IS
'Pools of the PgBouncer on every node, one row for each node and database user, named node/user: connections to
PostgreSQL in all, in use and idle; clients that wait for one, clients in all, and how long the first of them waits.
A node that does not answer has one row, of its name, nulls and the reason';

REVOKE ALL ON FUNCTION camgrid.monitor_connection_pools() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.monitor_connection_pools() TO camgrid_monitor;
