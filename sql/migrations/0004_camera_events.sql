SET LOCAL ROLE camgrid_owner;

CREATE TYPE camgrid.event_type AS ENUM (
    'motion', 'person', 'vehicle', 'crowd', 'line_crossed', 'zone_entered', 'zone_left',
    'tampering', 'camera_online', 'camera_offline', 'error'
);
CREATE TYPE camgrid.event_severity AS ENUM ('info', 'low', 'medium', 'high', 'critical');

CREATE TABLE camgrid.camera_events (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    camera_id integer NOT NULL CHECK (camera_id > 0),
    event_type camgrid.event_type NOT NULL,
    severity camgrid.event_severity NOT NULL DEFAULT 'info',
    message text,
    data jsonb NOT NULL DEFAULT '{}',
    "timestamp" timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (camera_id, id, "timestamp")
) PARTITION BY RANGE ("timestamp");

CREATE INDEX camera_events_camera_time ON camgrid.camera_events (camera_id, "timestamp" DESC);

COMMENT ON TABLE camgrid.camera_events IS
'What happened at a camera; the sender makes the id, so that a retry with the same id and timestamp is harmless';

GRANT SELECT, INSERT ON camgrid.camera_events TO camgrid_writer;
GRANT SELECT ON camgrid.camera_events TO camgrid_reader;
