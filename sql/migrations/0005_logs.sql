SET LOCAL ROLE camgrid_owner;

CREATE TABLE camgrid.partition_log (
    id bigserial PRIMARY KEY,
    table_name text NOT NULL,
    partition_name text NOT NULL,
    start_date date NOT NULL,
    end_date date NOT NULL,
    action text NOT NULL DEFAULT 'created',
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE camgrid.partition_log IS 'What was done to which partition and when; on the coordinator';

CREATE TABLE camgrid.import_log (
    import_key text PRIMARY KEY,
    file_name text NOT NULL,
    lines_done bigint NOT NULL DEFAULT 0,
    rows_stored bigint NOT NULL DEFAULT 0,
    rows_present bigint NOT NULL DEFAULT 0,
    rows_rejected bigint NOT NULL DEFAULT 0,
    rejects_bytes bigint NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
COMMENT ON TABLE camgrid.import_log IS
'How far each import is: written in the transaction that stores the rows, so that it can go on after any failure';

GRANT SELECT, INSERT, UPDATE, DELETE ON camgrid.import_log TO camgrid_writer;
GRANT SELECT ON camgrid.partition_log, camgrid.import_log TO camgrid_monitor, camgrid_writer;
