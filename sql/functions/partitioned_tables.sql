CREATE OR REPLACE FUNCTION camgrid.partitioned_tables() RETURNS SETOF text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN unnest(ARRAY['counting_results', 'camera_events']);

COMMENT ON FUNCTION camgrid.partitioned_tables() IS 'Tables that are partitioned by month';
