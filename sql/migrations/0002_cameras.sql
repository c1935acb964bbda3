SET LOCAL ROLE camgrid_owner;

CREATE TABLE camgrid.cameras (
    id integer PRIMARY KEY CHECK (id > 0),
    name text NOT NULL,
    site text,
    timezone text NOT NULL DEFAULT 'UTC',
    active boolean NOT NULL DEFAULT TRUE
);
COMMENT ON TABLE camgrid.cameras IS 'Every camera that ever sent something; on every node (reference table)';
COMMENT ON COLUMN camgrid.cameras.timezone IS 'IANA name of the zone that the camera stands in';

GRANT SELECT, INSERT, UPDATE ON camgrid.cameras TO camgrid_writer;
GRANT SELECT ON camgrid.cameras TO camgrid_reader, camgrid_reporter, camgrid_monitor;
