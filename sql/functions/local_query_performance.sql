CREATE OR REPLACE FUNCTION camgrid.local_query_performance()
RETURNS TABLE (
    query_pattern text, total_calls bigint, total_ms double precision, blocks_hit bigint, blocks_read bigint,
    temp_blocks bigint, slowest_query text, slowest_ms double precision
)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT
        s.query_pattern,
        sum(s.calls)::bigint,
        sum(s.exec_ms),
        sum(s.blocks_hit)::bigint,
        sum(s.blocks_read)::bigint,
        sum(s.temp_blocks)::bigint,
        (array_agg(left(s.query, 500) ORDER BY s.exec_ms / s.calls DESC))[1],
        max(s.exec_ms / s.calls)
    FROM camgrid.local_statements() AS s
    WHERE s.kind <> 'other' AND s.calls > 10
    GROUP BY s.query_pattern
$$;

COMMENT ON FUNCTION camgrid.local_query_performance() IS
'Sums of local_statements() by what they are about, of those that were called more than ten times, and the one that is
slowest on average; times in milliseconds';

REVOKE ALL ON FUNCTION camgrid.local_query_performance() FROM PUBLIC;
