CREATE OR REPLACE FUNCTION camgrid.get_scaling_metrics()
RETURNS TABLE (metric_name text, current_value numeric, target_value numeric, status text, reason text)
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT w.*
    FROM camgrid.weigh_load((SELECT jsonb_agg(to_jsonb(n)) FROM camgrid.node_load() AS n)) AS w
$$;

COMMENT ON FUNCTION camgrid.get_scaling_metrics() IS
'Load of all nodes, from what each counted between the job''s last look (a minute ago, 20 seconds at the least) and now,
beside what it may be (scaling_thresholds): within_limits, scaling_needed, or unknown before the first look. Reads are
statements of applications, writes are rows; the reason says over how long, and which nodes are not in it';

REVOKE ALL ON FUNCTION camgrid.get_scaling_metrics() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.get_scaling_metrics() TO camgrid_monitor;
