-- camera_cpu_seconds: What a camera's statements cost in the last period that Citus counted, of the busiest cameras
-- camera_queries: How many they were
SELECT
    c.camera_id::text AS camera_id,
    c.citus_group::text AS citus_group,
    c.cpu_seconds_before AS camera_cpu_seconds,
    c.queries_before AS camera_queries
FROM camgrid.hot_cameras() AS c
ORDER BY c.cpu_seconds_before DESC, c.queries_before DESC, c.camera_id
LIMIT :cameras
