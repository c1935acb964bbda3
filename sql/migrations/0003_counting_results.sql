SET LOCAL ROLE camgrid_owner;

-- No foreign key to cameras: archived months are columnar, and columnar tables cannot have one.
-- No default partition: a row for a month that is not there is refused instead of hiding where it blocks the month.
CREATE TABLE camgrid.counting_results (
    id bigserial NOT NULL,
    camera_id integer NOT NULL CHECK (camera_id > 0),
    zone_id integer NOT NULL DEFAULT 0,
    "timestamp" timestamptz NOT NULL,
    count_in integer NOT NULL DEFAULT 0 CHECK (count_in >= 0),
    count_out integer NOT NULL DEFAULT 0 CHECK (count_out >= 0),
    total_count integer NOT NULL DEFAULT 0 CHECK (total_count >= 0),
    confidence numeric(5, 4) CHECK (confidence BETWEEN 0 AND 1),
    frame_data jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (camera_id, zone_id, "timestamp")
) PARTITION BY RANGE ("timestamp");

-- The newest rows of a camera over all its zones, and a camera's days.
CREATE INDEX counting_results_camera_time ON camgrid.counting_results (camera_id, "timestamp" DESC);

COMMENT ON TABLE camgrid.counting_results IS
'What a camera counted in a zone up to a moment; one row per (camera, zone, timestamp), sending it again is harmless';

GRANT SELECT, INSERT, UPDATE ON camgrid.counting_results TO camgrid_writer;
GRANT USAGE ON SEQUENCE camgrid.counting_results_id_seq TO camgrid_writer;
GRANT SELECT ON camgrid.counting_results TO camgrid_reader, camgrid_reporter;
