CREATE OR REPLACE FUNCTION camgrid.scaling_checks_foundation()
RETURNS TABLE (task text, done boolean, evidence text)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    -- What PostgreSQL comes with suits the smallest of machines; what was chosen for this one is in its configuration.
    SELECT
        'Optimize database configuration',
        bool_and(s.source NOT IN ('default', 'override') AND NOT s.pending_restart),
        string_agg(s.name || ' ' || current_setting(s.name), ', ' ORDER BY s.name)
    FROM pg_settings AS s
    WHERE s.name IN ('shared_buffers', 'effective_cache_size', 'work_mem', 'max_wal_size', 'random_page_cost')
    UNION ALL
    -- The key, and the order of time in each camera.
    SELECT
        'Implement basic indexing strategy',
        bool_and(has.keys = 1 AND has.others > 0),
        string_agg(format('%s: %s', t.name, has.names), '; ')
    FROM camgrid.partitioned_tables() AS t (name)
    CROSS JOIN LATERAL (
        SELECT
            count(*) FILTER (WHERE i.indisprimary) AS keys,
            count(*) FILTER (WHERE NOT i.indisprimary) AS others,
            string_agg(i.indexrelid::regclass::text, ', ' ORDER BY i.indexrelid) AS names
        FROM pg_index AS i
        WHERE i.indrelid = to_regclass('camgrid.' || t.name) AND i.indisvalid
    ) AS has
    UNION ALL
    SELECT
        'Create backup and recovery procedures',
        current_setting('archive_mode') <> 'off' AND coalesce(a.last_archived_time > now() - interval '1 day', FALSE)
        AND coalesce(a.last_failed_time < a.last_archived_time, TRUE),
        CASE WHEN current_setting('archive_mode') = 'off' THEN 'WAL is not archived'
            ELSE 'WAL was archived last ' || coalesce(date_trunc('second', a.last_archived_time)::text, 'never') END
    FROM pg_stat_archiver AS a
    UNION ALL
    SELECT
        'Performance baseline establishment',
        i.stats_reset < now() - interval '1 day',
        'statements are measured since ' || date_trunc('second', i.stats_reset)
    FROM public.pg_stat_statements_info AS i
$$;

COMMENT ON FUNCTION camgrid.scaling_checks_foundation() IS
'What is true of the tasks of scaling_implementation''s first phase: done, and what that was seen by';

REVOKE ALL ON FUNCTION camgrid.scaling_checks_foundation() FROM PUBLIC;
