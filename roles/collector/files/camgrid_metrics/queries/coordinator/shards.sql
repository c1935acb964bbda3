-- shard_bytes: Bytes of a shard with all that moves with it
-- shard_rows: Results in it, as PostgreSQL estimates them
-- shard_cameras: Cameras whose results it holds
SELECT
    s.shard_id::text AS shard,
    s.citus_group::text AS citus_group,
    s.bytes AS shard_bytes,
    s.result_rows AS shard_rows,
    s.cameras AS shard_cameras
FROM camgrid.shard_sizes() AS s
