CREATE OR REPLACE FUNCTION camgrid.camera_causes()
RETURNS TABLE (
    trigger_type text, subject text, current_value numeric, threshold_value numeric, complete boolean,
    detail text, action text, next_step text
)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    WITH cameras AS MATERIALIZED (
        -- The last full period alone: the present one has just begun, perhaps.
        SELECT h.camera_id, h.name, h.citus_group, h.cpu_seconds_before AS cpu FROM camgrid.hot_cameras() AS h
    ),
    groups AS (
        SELECT c.citus_group, sum(c.cpu) AS cpu, sum(sum(c.cpu)) OVER () AS all_cpu FROM cameras AS c GROUP BY c.citus_group
    ),
    busiest AS (
        SELECT g.citus_group, g.cpu
        FROM groups AS g
        CROSS JOIN (
            SELECT count(DISTINCT n.citus_group) AS number FROM camgrid.known_nodes() AS n WHERE n.citus_group > 0
        ) AS all_groups
        -- Busier than the mean, and by half a core or more: below that it is nobody's burden.
        WHERE g.cpu > g.all_cpu / greatest(1, all_groups.number)
            AND g.cpu >= 0.5 * coalesce(current_setting('citus.stat_tenants_period', TRUE)::integer, 60)
    )
    SELECT
        'hot_camera', 'camera ' || c.camera_id, round((100 * c.cpu / b.cpu)::numeric, 1), NULL::numeric, TRUE,
        format(
            'camera %s%s made %s CPU s of the %s of group %s in the last minute', c.camera_id,
            -- A name is anybody's text: no line breaks, nothing that a terminal would obey, no more than fits a line.
            coalesce(' (' || left(regexp_replace(c.name, '[[:cntrl:]]', ' ', 'g'), 60) || ')', ''),
            round(c.cpu::numeric, 1), round(b.cpu::numeric, 1), c.citus_group
        ),
        'isolate_camera', format('camgrid shards isolate %s --plan; camgrid shards hot shows the others', c.camera_id)
    FROM busiest AS b
    JOIN cameras AS c USING (citus_group)
    WHERE c.cpu >= b.cpu / 100
    UNION ALL
    SELECT 'hot_camera', NULL, NULL, NULL, TRUE, NULL, NULL, NULL
$$;

COMMENT ON FUNCTION camgrid.camera_causes() IS
'What scaling_causes() has to weigh of hot_cameras(): each camera''s share, in percent, of the load of a group that is
busier than the mean';

REVOKE ALL ON FUNCTION camgrid.camera_causes() FROM PUBLIC;
