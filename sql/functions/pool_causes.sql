CREATE OR REPLACE FUNCTION camgrid.pool_causes()
RETURNS TABLE (
    trigger_type text, subject text, current_value numeric, threshold_value numeric, complete boolean,
    detail text, action text, next_step text
)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    WITH pools AS MATERIALIZED (SELECT * FROM camgrid.monitor_connection_pools())
    SELECT
        'pool_wait', p.pool_name, p.longest_wait_seconds::numeric, NULL::numeric, TRUE,
        format(
            '%s clients of pool %s wait, the first for %s s; %s of its %s connections are in use',
            p.waiting_connections, p.pool_name, p.longest_wait_seconds, p.active_connections, p.total_connections
        ),
        'more_connections',
        'raise camgrid_pool_connections, then playbooks/site.yml; where transactions stay open or are slow, no number '
        'helps: SELECT * FROM pg_stat_activity there'
    FROM pools AS p WHERE p.reason IS NULL
    UNION ALL
    -- A pool that is not listed is of no node, or of one that does not answer.
    SELECT 'pool_wait', NULL, NULL, NULL, coalesce(bool_and(p.reason IS NULL), TRUE), NULL, NULL, NULL FROM pools AS p
$$;

COMMENT ON FUNCTION camgrid.pool_causes() IS 'What scaling_causes() has to weigh of monitor_connection_pools()';

REVOKE ALL ON FUNCTION camgrid.pool_causes() FROM PUBLIC;
