CREATE OR REPLACE FUNCTION camgrid.remove_partition(partition_name text) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET "citus.multi_shard_modify_mode" = 'sequential'
AS $$
BEGIN
    IF EXISTS (
        SELECT FROM camgrid.partitioned_tables() AS t
        CROSS JOIN camgrid.list_partitions(t) AS p WHERE p.partition_name = remove_partition.partition_name
    ) THEN
        RAISE EXCEPTION 'camgrid.% is a month that is in use', partition_name
            USING ERRCODE = 'object_in_use', HINT = 'camgrid partitions drop takes it out first.';
    END IF;
    EXECUTE format('DROP TABLE IF EXISTS camgrid.%I', partition_name);
END;
$$;

COMMENT ON FUNCTION camgrid.remove_partition(text) IS
'Drops the table of a month that has been taken out of its parent';

ALTER FUNCTION camgrid.remove_partition(text) OWNER TO camgrid_owner;
REVOKE ALL ON FUNCTION camgrid.remove_partition(text) FROM PUBLIC;
