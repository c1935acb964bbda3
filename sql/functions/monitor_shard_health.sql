CREATE OR REPLACE FUNCTION camgrid.monitor_shard_health()
RETURNS TABLE (
    shard_id bigint, shard_name text, status text, record_count bigint, last_update timestamptz,
    node_name text, citus_group integer, reason text
)
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    WITH placements AS MATERIALIZED (SELECT * FROM camgrid.shard_placements()),
    told AS MATERIALIZED (
        SELECT
            n.node_name,
            a.answer ->> 'shard_name' AS shard_name,
            (a.answer ->> 'record_count')::bigint AS record_count,
            (a.answer ->> 'last_update')::timestamptz AS last_update,
            a.reason
        FROM (SELECT DISTINCT p.node_name FROM placements AS p) AS n
        CROSS JOIN LATERAL camgrid.ask_node(n.node_name, 'SELECT * FROM camgrid.local_shard_health()') AS a
    )
    SELECT
        p.shard_id,
        p.shard_name,
        CASE WHEN NOT p.is_active THEN 'inactive' WHEN t.shard_name IS NULL THEN 'unreachable' ELSE 'healthy' END,
        t.record_count,
        t.last_update,
        p.node_name,
        p.citus_group,
        CASE
            WHEN t.shard_name IS NULL THEN coalesce(silent.reason, 'its node does not have it')
            WHEN NOT p.is_active THEN 'Citus has switched its node or this copy off'
        END
    FROM placements AS p
    LEFT JOIN told AS t ON t.node_name = p.node_name AND t.shard_name = p.shard_name
    LEFT JOIN told AS silent ON silent.node_name = p.node_name AND silent.reason IS NOT NULL
    ORDER BY p.shard_id, p.node_name
$$;

COMMENT ON FUNCTION camgrid.monitor_shard_health() IS
'Every shard of counting_results where it is: healthy, unreachable (its node does not answer or lacks it, for the reason
given) or inactive (Citus does not use it). record_count is an estimate from statistics, never a count; last_update is the
newest "timestamp" of a month that is not archived. Both are null where the node does not answer. One row, of shard 1,
where nothing is sharded';

REVOKE ALL ON FUNCTION camgrid.monitor_shard_health() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.monitor_shard_health() TO camgrid_monitor;
