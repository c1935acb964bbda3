-- Every zone's clock is a multiple of 15 minutes away from UTC (since 1972), so a quarter is in one hour of each.
CREATE OR REPLACE VIEW camgrid.rollup_hours AS
SELECT DISTINCT
    c.camera_id,
    c.zone_id,
    coalesce(camera.timezone, 'UTC') AS timezone,
    date_trunc('hour', c.quarter, coalesce(camera.timezone, 'UTC')) AS hour
FROM camgrid.rollup_changes AS c
LEFT JOIN camgrid.cameras AS camera ON c.camera_id = camera.id;

COMMENT ON VIEW camgrid.rollup_hours IS
'Hours, on the clocks of the cameras'' own time zones, that the rollups do not have as they are now';
