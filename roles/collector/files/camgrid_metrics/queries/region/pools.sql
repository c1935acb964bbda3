-- pool_connections: Connections of a pool to PostgreSQL
-- pool_connections_active: Those of them that are in use
-- pool_clients: Clients of a pool
-- pool_clients_waiting: Those of them that wait for a connection
-- pool_longest_wait_seconds: How long the first of them has waited
-- pool_answers: Whether a pool told of itself
SELECT
    split_part(p.pool_name, '/', 1) AS node,
    split_part(p.pool_name, '/', 2) AS pool,
    p.total_connections AS pool_connections,
    p.active_connections AS pool_connections_active,
    p.clients AS pool_clients,
    p.waiting_connections AS pool_clients_waiting,
    p.longest_wait_seconds AS pool_longest_wait_seconds,
    p.reason IS NULL AS pool_answers
FROM camgrid.monitor_connection_pools() AS p
