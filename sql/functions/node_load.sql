CREATE OR REPLACE FUNCTION camgrid.node_load()
RETURNS TABLE (
    node_name text, citus_group integer, reason text, answer jsonb,
    seconds double precision, reads bigint, writes bigint, statements bigint, exec_ms double precision, at_least boolean
)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    WITH before AS MATERIALIZED (
        -- Two looks within seconds of each other would tell chance. The clock is the node's own.
        SELECT DISTINCT ON (l.node_name) l.node_name, l.answer
        FROM camgrid.scaling_looks AS l
        WHERE l.looked_at < clock_timestamp() - interval '20 seconds'
        ORDER BY l.node_name, l.looked_at DESC
    ),
    told AS MATERIALIZED (
        SELECT n.node_name, n.citus_group, a.reason, a.answer::jsonb AS now, b.answer AS before
        FROM camgrid.known_nodes() AS n
        LEFT JOIN before AS b USING (node_name)
        CROSS JOIN LATERAL camgrid.ask_node(
            n.node_name, format('SELECT * FROM camgrid.local_load(%L)', b.answer ->> 'looked_at')
        ) AS a
    ),
    parts AS (
        SELECT
            t.*,
            -- Counters that began later than the earlier look (a crash, a reset) hold what was counted since; those of
            -- another life that is older than the look are another host's, which has this name now.
            CASE
                WHEN t.now ->> 'counted_from' = t.before ->> 'counted_from' THEN 1
                WHEN (t.now ->> 'counted_from')::timestamptz >= (t.before ->> 'looked_at')::timestamptz THEN 0
            END AS goes_on,
            (t.now ->> 'looked_at')::timestamptz - (t.before ->> 'looked_at')::timestamptz AS lasted
        FROM told AS t
    )
    SELECT
        p.node_name,
        p.citus_group,
        coalesce(p.reason, CASE WHEN p.goes_on IS NULL THEN 'this is the first look at it' END),
        p.now,
        CASE WHEN p.goes_on IS NOT NULL THEN extract(EPOCH FROM p.lasted)::double precision END,
        p.goes_on * greatest(0, grown.reads) + CASE p.goes_on WHEN 1 THEN n.new_reads WHEN 0 THEN n.reads END,
        p.goes_on * greatest(0, grown.writes) + CASE p.goes_on WHEN 1 THEN n.new_writes WHEN 0 THEN n.writes END,
        p.goes_on * greatest(0, grown.statements)
        + CASE p.goes_on WHEN 1 THEN n.new_statements WHEN 0 THEN n.statements END,
        p.goes_on * greatest(0, grown.exec_ms) + CASE p.goes_on WHEN 1 THEN n.new_exec_ms WHEN 0 THEN n.exec_ms END,
        p.goes_on = 0 OR n.forgotten <> b.forgotten
    FROM parts AS p
    CROSS JOIN LATERAL jsonb_to_record(coalesce(p.now, '{}')) AS n (
        forgotten bigint, reads bigint, writes bigint, statements bigint, exec_ms double precision,
        new_reads bigint, new_writes bigint, new_statements bigint, new_exec_ms double precision
    )
    CROSS JOIN LATERAL jsonb_to_record(coalesce(p.before, '{}')) AS b (
        forgotten bigint, reads bigint, writes bigint, statements bigint, exec_ms double precision
    )
    -- Statements that were there before; fewer than before where some were forgotten.
    CROSS JOIN LATERAL (
        VALUES (
            n.reads - n.new_reads - b.reads, n.writes - n.new_writes - b.writes,
            n.statements - n.new_statements - b.statements, n.exec_ms - n.new_exec_ms - b.exec_ms
        )
    ) AS grown (reads, writes, statements, exec_ms)
    ORDER BY p.node_name
$$;

COMMENT ON FUNCTION camgrid.node_load() IS
'What each node did between its last look in scaling_looks and now, over how many seconds: null with a reason for one
that does not answer or was not looked at before. answer: its row of local_load(); at_least: some of it was not counted';

REVOKE ALL ON FUNCTION camgrid.node_load() FROM PUBLIC;
