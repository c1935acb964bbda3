SET LOCAL ROLE camgrid_owner;

-- A zone that PostgreSQL does not know would stop every report by local hours: it is refused where it is written.
-- In a statement of its own, because Citus sends its text to the other nodes as it is.
DO $$
BEGIN
    EXECUTE 'ALTER TABLE camgrid.cameras ADD CONSTRAINT cameras_timezone_known '
        'CHECK ((timestamptz ''epoch'' AT TIME ZONE timezone) IS NOT NULL)';
END;
$$;

-- Filled by triggers on counting_results (note_changes), emptied by roll_up. No row is changed here: two writers of one
-- camera do not wait for each other.
CREATE TABLE camgrid.rollup_changes (
    camera_id integer NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    zone_id integer NOT NULL,
    quarter timestamptz NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (camera_id, id)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 5000);
COMMENT ON TABLE camgrid.rollup_changes IS
'Quarters of an hour whose counting results changed since the rollups were brought up to date';

CREATE TABLE camgrid.counts_hourly (
    camera_id integer NOT NULL,
    zone_id integer NOT NULL,
    hour timestamptz NOT NULL,
    count_in bigint NOT NULL,
    count_out bigint NOT NULL,
    total_count bigint NOT NULL,
    results bigint NOT NULL,
    PRIMARY KEY (camera_id, zone_id, hour)
);
COMMENT ON TABLE camgrid.counts_hourly IS
'Sums of counting_results by camera, zone and hour on the clock of the camera''s own time zone; see rollup_health()';

CREATE TABLE camgrid.counts_daily (
    camera_id integer NOT NULL,
    zone_id integer NOT NULL,
    day date NOT NULL,
    count_in bigint NOT NULL,
    count_out bigint NOT NULL,
    total_count bigint NOT NULL,
    results bigint NOT NULL,
    PRIMARY KEY (camera_id, zone_id, day)
);
COMMENT ON TABLE camgrid.counts_daily IS
'Sums of counting_results by camera, zone and day of the camera''s own time zone; see rollup_health()';

CREATE TABLE camgrid.camera_latest (
    camera_id integer NOT NULL,
    zone_id integer NOT NULL,
    "timestamp" timestamptz NOT NULL,
    count_in integer NOT NULL,
    count_out integer NOT NULL,
    total_count integer NOT NULL,
    confidence numeric(5, 4),
    PRIMARY KEY (camera_id, zone_id)
);
COMMENT ON TABLE camgrid.camera_latest IS
'The newest counting result of each camera and zone; see rollup_health()';

-- These two are on the coordinator: the job's own memory.
CREATE TABLE camgrid.rollup_state (
    singleton boolean PRIMARY KEY DEFAULT TRUE CHECK (singleton),
    refreshed_at timestamptz,
    noted_since timestamptz NOT NULL DEFAULT '-infinity',
    step interval NOT NULL DEFAULT '1 day',
    made_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN camgrid.rollup_state.refreshed_at IS 'what was committed before is in the rollups';
COMMENT ON COLUMN camgrid.rollup_state.noted_since IS
'results of before this time stored before there were rollups are not in them yet; the job goes back in steps';
INSERT INTO camgrid.rollup_state DEFAULT VALUES;

CREATE TABLE camgrid.rollup_zones (
    camera_id integer PRIMARY KEY,
    timezone text NOT NULL
);
COMMENT ON TABLE camgrid.rollup_zones IS 'The time zone that a camera''s rollups were made for, where it is not UTC';

-- What is done to raw rows is noted with the rights of whoever does it.
GRANT INSERT ON camgrid.rollup_changes TO camgrid_writer;
GRANT SELECT ON camgrid.counts_hourly, camgrid.counts_daily, camgrid.camera_latest
TO camgrid_writer, camgrid_reader, camgrid_reporter;

RESET ROLE;

SELECT cron.schedule('camgrid-refresh-rollups', '30 seconds', 'CALL camgrid.refresh_rollups()');
