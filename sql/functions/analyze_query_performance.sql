CREATE OR REPLACE FUNCTION camgrid.analyze_query_performance()
RETURNS TABLE (
    query_pattern text, avg_time numeric, total_calls bigint, improvement_potential text,
    slowest_query text, slowest_avg_time numeric, node_name text, reason text
)
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    WITH told AS MATERIALIZED (
        SELECT n.node_name, a.reason, p.*
        FROM camgrid.known_nodes() AS n
        CROSS JOIN LATERAL camgrid.ask_node(n.node_name, 'SELECT * FROM camgrid.local_query_performance()') AS a
        CROSS JOIN LATERAL json_to_record(coalesce(a.answer, '{}')) AS p (
            query_pattern text, total_calls bigint, total_ms double precision, blocks_hit bigint, blocks_read bigint,
            temp_blocks bigint, slowest_query text, slowest_ms double precision
        )
    ),
    patterns AS (
        SELECT
            t.query_pattern,
            (sum(t.total_ms) / sum(t.total_calls))::numeric AS avg_time,
            sum(t.total_calls)::bigint AS total_calls,
            100 * sum(t.blocks_read) / nullif(sum(t.blocks_read) + sum(t.blocks_hit), 0) AS read_percent,
            sum(t.temp_blocks) * 8192 / sum(t.total_calls) AS temp_bytes,
            (array_agg(t.slowest_query ORDER BY t.slowest_ms DESC))[1] AS slowest_query,
            max(t.slowest_ms)::numeric AS slowest_ms,
            (array_agg(t.node_name ORDER BY t.slowest_ms DESC))[1] AS node_name
        FROM told AS t WHERE t.reason IS NULL
        GROUP BY t.query_pattern
    )
    SELECT
        p.query_pattern,
        round(p.avg_time, 2),
        p.total_calls,
        concat_ws(
            '; ',
            CASE
                WHEN p.avg_time > 1000 THEN 'Add indexes or optimize query'
                WHEN p.avg_time > 500 THEN 'Consider query optimization'
                ELSE 'Performance is good'
            END,
            CASE WHEN p.avg_time <= 500 AND p.slowest_ms > 500 THEN 'but for the slowest' END,
            CASE WHEN p.read_percent > 10 THEN format('%s %% of what was read was not in memory', round(p.read_percent)) END,
            CASE WHEN p.temp_bytes > 1024 ^ 2 THEN format('%s a call in temporary files: more work_mem',
                pg_size_pretty(p.temp_bytes::bigint)) END
        ),
        p.slowest_query,
        round(p.slowest_ms, 2),
        p.node_name,
        NULL::text
    FROM patterns AS p
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, NULL, t.node_name, t.reason FROM told AS t WHERE t.reason IS NOT NULL
    ORDER BY 2 DESC NULLS LAST
$$;

COMMENT ON FUNCTION camgrid.analyze_query_performance() IS
'Statements of applications on all nodes by what they are about, of those that were called more than ten times since
statistics began: their average time in milliseconds, weighted by calls, what could be gained, and the slowest with the
node that it is slowest on. A node that does not answer has one row, of its name, nulls and the reason';

REVOKE ALL ON FUNCTION camgrid.analyze_query_performance() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.analyze_query_performance() TO camgrid_monitor;
