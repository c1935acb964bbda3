CREATE OR REPLACE FUNCTION camgrid.scaling_checks_reads()
RETURNS TABLE (task text, done boolean, evidence text)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    WITH replicas AS MATERIALIZED (
        SELECT * FROM camgrid.monitor_replication_lag()
    ),
    by_group AS (
        SELECT
            n.citus_group,
            count(r.replica_name) FILTER (WHERE r.status = 'healthy') AS healthy,
            count(r.replica_name) FILTER (WHERE r.status <> 'healthy') AS unhealthy,
            count(r.replica_name) FILTER (WHERE r.sync_state IN ('quorum', 'sync')) AS waited_for,
            count(r.replica_name) FILTER (WHERE r.lag_seconds IS NULL OR r.lag_bytes IS NULL) AS unmeasured,
            max(r.lag_bytes) AS most_bytes
        FROM (SELECT DISTINCT k.citus_group FROM camgrid.known_nodes() AS k) AS n
        LEFT JOIN replicas AS r USING (citus_group)
        GROUP BY n.citus_group
    ),
    pools AS (
        SELECT
            count(*) FILTER (WHERE told.reason IS NULL) AS answering,
            count(*) FILTER (WHERE told.reason IS NOT NULL) AS silent
        FROM camgrid.known_nodes() AS n
        CROSS JOIN LATERAL camgrid.ask_node(
            n.node_name, 'SELECT count(*) FROM camgrid.local_connection_pools()'
        ) AS told
    )
    SELECT
        'Set up read replicas', bool_and(g.healthy > 0),
        string_agg(format('group %s: %s stream', g.citus_group, g.healthy), ', ' ORDER BY g.citus_group)
    FROM by_group AS g
    UNION ALL
    SELECT
        'Configure replication', bool_and(g.healthy > 0 AND g.unhealthy = 0),
        string_agg(
            format('group %s: %s keep up, %s do not', g.citus_group, g.healthy, g.unhealthy), ', ' ORDER BY g.citus_group
        )
    FROM by_group AS g
    UNION ALL
    SELECT
        'Implement load balancing', p.answering > 0 AND p.silent = 0,
        format('pools: %s answer, %s do not', p.answering, p.silent)
    FROM pools AS p
    UNION ALL
    -- Whoever takes over has every commit: commits wait for it.
    SELECT
        'Add failover mechanisms', bool_and(g.waited_for > 0),
        string_agg(
            format('group %s: commits wait for one of %s', g.citus_group, g.waited_for), ', ' ORDER BY g.citus_group
        )
    FROM by_group AS g
    UNION ALL
    SELECT
        'Monitor replication lag', bool_and(g.healthy > 0 AND g.unmeasured = 0),
        format('the furthest is %s bytes behind', max(g.most_bytes))
    FROM by_group AS g
$$;

COMMENT ON FUNCTION camgrid.scaling_checks_reads() IS
'What is true of the tasks of scaling_implementation''s second phase: done, and what that was seen by';

REVOKE ALL ON FUNCTION camgrid.scaling_checks_reads() FROM PUBLIC;
