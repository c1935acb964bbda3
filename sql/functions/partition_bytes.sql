CREATE OR REPLACE FUNCTION camgrid.partition_bytes(partition_name text) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bytes bigint;
BEGIN
    EXECUTE format(
        'SELECT %s(%L)',
        CASE WHEN camgrid.is_distributed(partition_name) THEN 'citus_total_relation_size' ELSE 'pg_total_relation_size' END,
        format('camgrid.%I', partition_name)
    ) INTO bytes;
    RETURN bytes;
END;
$$;

COMMENT ON FUNCTION camgrid.partition_bytes(text) IS 'Bytes of a partition with its indexes, on all primaries together';

REVOKE ALL ON FUNCTION camgrid.partition_bytes(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.partition_bytes(text) TO camgrid_owner;
