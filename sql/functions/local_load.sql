CREATE OR REPLACE FUNCTION camgrid.local_load(since timestamptz)
RETURNS TABLE (
    looked_at timestamptz, counted_from timestamptz, forgotten bigint,
    reads bigint, writes bigint, statements bigint, exec_ms double precision,
    new_reads bigint, new_writes bigint, new_statements bigint, new_exec_ms double precision,
    active bigint, sessions bigint, max_sessions integer
)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    WITH counted AS (
        SELECT
            s.kind,
            s.calls,
            -- A COPY of a thousand results is a thousand writes; one that was there already was written in vain.
            CASE s.kind WHEN 'write' THEN greatest(s.calls, s.row_count) ELSE s.calls END AS operations,
            s.exec_ms,
            coalesce(s.counted_since >= local_load.since, FALSE) AS is_new
        FROM camgrid.local_statements() AS s
        WHERE s.kind <> 'other'
    ),
    sums AS (
        SELECT
            coalesce(sum(c.operations) FILTER (WHERE c.kind = 'read'), 0)::bigint AS reads,
            coalesce(sum(c.operations) FILTER (WHERE c.kind = 'write'), 0)::bigint AS writes,
            coalesce(sum(c.calls), 0)::bigint AS statements,
            coalesce(sum(c.exec_ms), 0) AS exec_ms,
            coalesce(sum(c.operations) FILTER (WHERE c.is_new AND c.kind = 'read'), 0)::bigint AS new_reads,
            coalesce(sum(c.operations) FILTER (WHERE c.is_new AND c.kind = 'write'), 0)::bigint AS new_writes,
            coalesce(sum(c.calls) FILTER (WHERE c.is_new), 0)::bigint AS new_statements,
            coalesce(sum(c.exec_ms) FILTER (WHERE c.is_new), 0) AS new_exec_ms
        FROM counted AS c
    ),
    clients AS (
        SELECT
            -- Whoever asks this is none of the load.
            count(*) FILTER (WHERE a.state = 'active' AND a.application_name <> 'camgrid_monitor') AS active,
            count(*) AS sessions
        FROM pg_stat_activity AS a
        WHERE a.backend_type = 'client backend'
    )
    SELECT
        clock_timestamp(), i.stats_reset, i.dealloc,
        s.reads, s.writes, s.statements, s.exec_ms,
        s.new_reads, s.new_writes, s.new_statements, s.new_exec_ms,
        c.active, c.sessions, current_setting('max_connections')::integer
    FROM sums AS s
    CROSS JOIN clients AS c
    CROSS JOIN public.pg_stat_statements_info AS i
$$;

COMMENT ON FUNCTION camgrid.local_load(timestamptz) IS
'What applications have asked of this node since counted_from (pg_stat_statements): reads in statements, writes in rows,
and their time; new_: the part of statements that are counted since after `since` only. Sessions now, and at most.
forgotten: how often the least used statements were dropped, whose counts are lost';

REVOKE ALL ON FUNCTION camgrid.local_load(timestamptz) FROM PUBLIC;
