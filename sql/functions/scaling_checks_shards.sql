CREATE OR REPLACE FUNCTION camgrid.scaling_checks_shards()
RETURNS TABLE (task text, done boolean, evidence text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        'Add data partitioning', bool_and(coalesce(p.last_day > now() + interval '1 month', FALSE)),
        string_agg(format('%s: months until %s', t.name, coalesce(p.last_day::text, 'none')), ', ')
    FROM camgrid.partitioned_tables() AS t (name)
    LEFT JOIN LATERAL (SELECT max(l.end_date) AS last_day FROM camgrid.list_partitions(t.name) AS l) AS p ON TRUE;
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        RETURN QUERY
        SELECT t.name, FALSE, 'the database has no Citus'
        FROM unnest(ARRAY['Design sharding strategy', 'Implement database sharding', 'Set up cross-shard queries',
            'Implement shard management']) AS t (name);
        RETURN;
    END IF;
    RETURN QUERY EXECUTE $query$
        SELECT
            'Design sharding strategy',
            count(d.logicalrelid) = count(*) AND count(DISTINCT d.colocationid) = 1,
            string_agg(format('%s by %s', t.name, coalesce(column_to_column_name(d.logicalrelid, d.partkey), '-')), ', ')
        FROM camgrid.partitioned_tables() AS t (name)
        LEFT JOIN pg_dist_partition AS d ON d.logicalrelid = to_regclass('camgrid.' || t.name) AND d.partmethod = 'h'
        UNION ALL
        SELECT
            'Implement database sharding',
            NOT EXISTS (SELECT FROM camgrid.undistributed_tables()) AND count(*) > 0,
            format('%s shards in %s groups', count(DISTINCT s.shardid), count(DISTINCT p.groupid))
        FROM pg_dist_shard AS s JOIN pg_dist_placement AS p USING (shardid)
        WHERE s.logicalrelid = 'camgrid.counting_results'::regclass AND p.groupid > 0
        UNION ALL
        SELECT
            'Implement shard management', bool_and(n.isactive AND n.metadatasynced) AND count(DISTINCT n.groupid) > 1,
            format('%s primaries, %s active and with metadata', count(*),
                count(*) FILTER (WHERE n.isactive AND n.metadatasynced))
        FROM pg_dist_node AS n WHERE n.noderole = 'primary'
    $query$;
    IF camgrid.is_distributed('counting_results') THEN
        RETURN QUERY EXECUTE $query$
            SELECT
                'Set up cross-shard queries', bool_and(success),
                format('%s of %s shards answered', count(*) FILTER (WHERE success), count(*))
            FROM run_command_on_shards('camgrid.counting_results', 'SELECT EXISTS (SELECT FROM %s)')
        $query$;
    END IF;
END;
$$;

COMMENT ON FUNCTION camgrid.scaling_checks_shards() IS
'What is true of the tasks of scaling_implementation''s third phase: done, and what that was seen by';

REVOKE ALL ON FUNCTION camgrid.scaling_checks_shards() FROM PUBLIC;
