CREATE OR REPLACE FUNCTION camgrid.local_months()
RETURNS TABLE (start_date date, end_date date, bytes bigint)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Citus hides shards from whoever looks at a worker's catalogs.
    PERFORM set_config('citus.override_table_visibility', 'off', TRUE);
    RETURN QUERY
    SELECT p.start_date, p.end_date, sum(pg_total_relation_size(to_regclass(format('camgrid.%I', p.partition_name))))::bigint
    FROM camgrid.partitioned_tables() AS t (name)
    JOIN pg_class AS c
        ON c.relnamespace = 'camgrid'::regnamespace AND c.relkind = 'p' AND NOT c.relispartition
        AND c.relname ~ ('^' || t.name || '(_[0-9]+)?$')
    CROSS JOIN LATERAL camgrid.list_partitions(c.relname::text) AS p
    -- One that was made ahead has pages in its indexes only.
    WHERE pg_relation_size(to_regclass(format('camgrid.%I', p.partition_name))) > 0
    GROUP BY p.start_date, p.end_date;
END;
$$;

COMMENT ON FUNCTION camgrid.local_months() IS
'Bytes of each month that has rows on this node, all partitioned tables with their indexes together; of shards, where
tables are sharded';

REVOKE ALL ON FUNCTION camgrid.local_months() FROM PUBLIC;
