CREATE OR REPLACE FUNCTION camgrid.weigh_load(load jsonb)
RETURNS TABLE (metric_name text, current_value numeric, target_value numeric, status text, reason text)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    WITH nodes AS MATERIALIZED (
        SELECT
            n.*,
            (n.answer ->> 'active')::bigint AS active,
            (n.answer ->> 'sessions')::numeric AS sessions,
            (n.answer ->> 'max_sessions')::numeric AS max_sessions
        FROM jsonb_to_recordset(load) AS n (
            node_name text, citus_group integer, reason text, answer jsonb, seconds double precision,
            reads bigint, writes bigint, statements bigint, exec_ms double precision, at_least boolean
        )
    ),
    units AS (
        -- The coordinator holds no camera's rows where there are workers.
        SELECT
            count(*) AS nodes,
            greatest(1, count(DISTINCT n.citus_group) FILTER (WHERE n.citus_group > 0)) AS groups,
            CASE WHEN bool_or(n.at_least) THEN 'at least: some statements were not counted' END AS uncounted
        FROM nodes AS n
    ),
    missing AS (
        SELECT string_agg(told.text, '; ') AS rates, string_agg(told.text, '; ') FILTER (WHERE told.silent) AS sessions
        FROM (
            SELECT
                format('without %s: %s', string_agg(n.node_name, ', ' ORDER BY n.node_name), n.reason) AS text,
                n.answer IS NULL AS silent
            FROM nodes AS n WHERE n.reason IS NOT NULL GROUP BY n.reason, n.answer IS NULL
        ) AS told
    ),
    fullest AS (
        SELECT n.node_name, round(100 * n.sessions / n.max_sessions, 1) AS percent, n.sessions, n.max_sessions
        FROM nodes AS n WHERE n.answer IS NOT NULL
        ORDER BY n.sessions / n.max_sessions DESC LIMIT 1
    ),
    measured AS (
        SELECT
            sum(n.reads / n.seconds)::numeric AS reads,
            sum(n.writes / n.seconds)::numeric AS writes,
            sum(n.active)::numeric AS active,
            -- Where nobody asked anything, nobody waited.
            CASE WHEN count(n.seconds) > 0 THEN coalesce(sum(n.exec_ms) / nullif(sum(n.statements), 0), 0) END::numeric AS ms,
            max(n.seconds) AS seconds
        FROM nodes AS n
    ),
    metrics AS (
        SELECT v.*
        FROM measured AS m
        CROSS JOIN units AS u
        CROSS JOIN missing AS lacks
        LEFT JOIN fullest AS f ON TRUE
        CROSS JOIN LATERAL (
            VALUES
            (1, 'read_operations_per_second', 'read_operations_per_second', round(m.reads, 1),
                format('statements of applications in %s s', round(m.seconds)), u.uncounted, lacks.rates),
            (2, 'write_operations_per_second', 'write_operations_per_second', round(m.writes, 1),
                format('rows written by applications in %s s', round(m.seconds)), u.uncounted, lacks.rates),
            (3, 'active_connections', 'active_connections', m.active,
                'on all nodes together, Citus''s own among them', NULL, lacks.sessions),
            (4, 'average_statement_milliseconds', 'performance', round(m.ms, 2),
                format('statements of applications in %s s', round(m.seconds)), u.uncounted, lacks.rates),
            (5, 'connections_used_percent', 'connections_used', f.percent,
                format('%s has the most: %s of %s', f.node_name, f.sessions, f.max_sessions), NULL, lacks.sessions)
        ) AS v (place, name, trigger_type, value, told, uncounted, lacking)
    )
    SELECT
        m.name,
        m.value,
        limits.target,
        CASE WHEN m.value IS NULL THEN 'unknown' WHEN m.value > limits.target THEN 'scaling_needed' ELSE 'within_limits' END,
        concat_ws('; ', CASE WHEN m.value IS NOT NULL THEN m.told END, m.uncounted, m.lacking)
    FROM metrics AS m
    CROSS JOIN units AS u
    JOIN camgrid.scaling_thresholds AS t USING (trigger_type)
    CROSS JOIN LATERAL (
        SELECT t.threshold * CASE t.per WHEN 'group' THEN u.groups WHEN 'node' THEN u.nodes ELSE 1 END AS target
    ) AS limits
    ORDER BY m.place
$$;

COMMENT ON FUNCTION camgrid.weigh_load(jsonb) IS
'What get_scaling_metrics() returns, from rows of node_load()';

REVOKE ALL ON FUNCTION camgrid.weigh_load(jsonb) FROM PUBLIC;
