CREATE OR REPLACE FUNCTION camgrid.get_shard_for_camera(camera_id integer) RETURNS bigint
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    shard bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        RETURN 1;
    END IF;
    EXECUTE 'SELECT get_shard_id_for_distribution_column(''camgrid.counting_results'', $1)' INTO shard USING camera_id;
    RETURN shard;
END;
$$;

COMMENT ON FUNCTION camgrid.get_shard_for_camera(integer) IS
'Shard of counting_results that holds a camera''s rows (see shard_routing); 1 for all where nothing is sharded';
