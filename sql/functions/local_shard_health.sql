CREATE OR REPLACE FUNCTION camgrid.local_shard_health()
RETURNS TABLE (shard_name text, record_count bigint, last_update timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    shard text;
    month record;
BEGIN
    -- Citus hides shards from whoever looks at a worker's catalogs.
    PERFORM set_config('citus.override_table_visibility', 'off', TRUE);
    FOR shard IN
        SELECT c.relname FROM pg_class AS c
        WHERE c.relnamespace = 'camgrid'::regnamespace AND c.relkind = 'p' AND NOT c.relispartition
            AND c.relname ~ CASE
                WHEN camgrid.is_distributed('counting_results') THEN '^counting_results_[0-9]+$'
                ELSE '^counting_results$'
            END
        ORDER BY c.relname
    LOOP
        shard_name := shard;
        record_count := 0;
        last_update := NULL;
        -- As the planner does it: the rows when statistics were made, and as many more as the month has grown since.
        -- A month without statistics has its live rows counted, but not after a crash or on a replica that was
        -- promoted: then it is taken to be as full as the others.
        FOR month IN
            SELECT c.oid::regclass AS name, am.amname, pages.now, CASE
                WHEN c.relpages > 0 AND c.reltuples >= 0
                    THEN c.reltuples * greatest(1, pages.now::double precision / c.relpages)
                WHEN pg_stat_get_live_tuples(c.oid) > 0 THEN pg_stat_get_live_tuples(c.oid)
                ELSE coalesce(
                    sum(c.reltuples) FILTER (WHERE c.relpages > 0) OVER ()
                    / sum(c.relpages) FILTER (WHERE c.reltuples >= 0) OVER (), 0
                ) * pages.now
            END AS live
            FROM camgrid.list_partitions(shard) AS p
            JOIN pg_class AS c ON c.oid = to_regclass(format('camgrid.%I', p.partition_name))
            JOIN pg_am AS am ON am.oid = c.relam
            CROSS JOIN LATERAL (
                SELECT pg_relation_size(c.oid) / current_setting('block_size')::bigint AS now
            ) AS pages
            ORDER BY p.start_date DESC
        LOOP
            record_count := record_count + round(month.live);
            -- From camera to camera through the index (camera_id, "timestamp" DESC): one look at each.
            IF last_update IS NULL AND month.now > 0 AND month.amname = 'heap' THEN
                EXECUTE format($query$
                    WITH RECURSIVE newest AS (
                        (SELECT camera_id, "timestamp" FROM %1$s ORDER BY camera_id, "timestamp" DESC LIMIT 1)
                        UNION ALL
                        SELECT following.* FROM newest CROSS JOIN LATERAL (
                            SELECT m.camera_id, m."timestamp" FROM %1$s AS m WHERE m.camera_id > newest.camera_id
                            ORDER BY m.camera_id, m."timestamp" DESC LIMIT 1
                        ) AS following
                    )
                    SELECT max("timestamp") FROM newest
                $query$, month.name) INTO last_update;
            END IF;
        END LOOP;
        RETURN NEXT;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION camgrid.local_shard_health() IS
'Shards of counting_results on this node: rows as PostgreSQL estimates them over all months, not counted; the newest
"timestamp" of a month that is not archived, exactly';

REVOKE ALL ON FUNCTION camgrid.local_shard_health() FROM PUBLIC;
