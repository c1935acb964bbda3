-- The strategy's table of this name was filled by hand; this is read from the cluster, so it cannot be wrong.
CREATE OR REPLACE VIEW camgrid.shard_routing AS
SELECT
    shard_id,
    shard_name,
    host,
    port,
    database_name,
    camera_range_start,
    camera_range_end,
    cameras,
    is_active
FROM camgrid.shard_routes();

COMMENT ON VIEW camgrid.shard_routing IS 'Where each shard of counting_results lives now; see shard_routes()';

GRANT SELECT ON camgrid.shard_routing TO camgrid_writer, camgrid_reader, camgrid_reporter, camgrid_monitor;
