SET LOCAL ROLE camgrid_owner;

-- Never changed, only added to: the newest row of a table is its rule, the others say what was the rule before.
CREATE TABLE camgrid.partition_rules (
    id bigserial PRIMARY KEY,
    table_name text NOT NULL,
    months_ahead integer NOT NULL DEFAULT 3 CHECK (months_ahead BETWEEN 1 AND 120),
    archive_after_months integer CHECK (archive_after_months BETWEEN 1 AND 1200),
    drop_after_months integer CHECK (drop_after_months BETWEEN 1 AND 1200),
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE camgrid.partition_rules IS
'How many months are made ahead, and after how many full months one is archived or dropped; who set it and when';
COMMENT ON COLUMN camgrid.partition_rules.drop_after_months IS 'null, as it is at first: nothing is ever dropped';

INSERT INTO camgrid.partition_rules (table_name, archive_after_months, set_by)
VALUES ('counting_results', 6, 'camgrid'), ('camera_events', 6, 'camgrid');

ALTER TABLE camgrid.partition_log
ADD COLUMN row_count bigint,
ADD COLUMN bytes_before bigint,
ADD COLUMN bytes_after bigint,
ADD COLUMN detail text,
ADD COLUMN done_by text;

-- The operator's own name where the command says it: it logs in as somebody else.
ALTER TABLE camgrid.partition_log
ALTER COLUMN done_by SET DEFAULT coalesce(nullif(current_setting('camgrid.operator', TRUE), ''), session_user);

COMMENT ON COLUMN camgrid.partition_log.action IS
'prepared, created, archived, detached, dropped, or refused: then detail says why';

GRANT SELECT ON camgrid.partition_rules TO camgrid_monitor;

RESET ROLE;

-- The procedures commit after each month, so that nothing is locked for the time that all of them take.
SELECT cron.schedule('camgrid-ensure-partitions', '17 * * * *', 'CALL camgrid.make_months_ahead()');
SELECT cron.schedule('camgrid-age-partitions', '27 1 * * *', 'CALL camgrid.age_partitions()');
