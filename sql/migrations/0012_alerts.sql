SET LOCAL ROLE camgrid_owner;

-- Every number that an alert depends on, and why it is what it is. Where `per` is group or node, the number is one
-- group's or node's share, so that a cluster that grew is not told again what it has grown for.
CREATE TABLE camgrid.scaling_thresholds (
    trigger_type text PRIMARY KEY,
    threshold numeric NOT NULL CHECK (threshold >= 0),
    unit text NOT NULL,
    per text NOT NULL DEFAULT 'cluster' CHECK (per IN ('cluster', 'group', 'node')),
    clear_at numeric NOT NULL DEFAULT 0.9 CHECK (clear_at BETWEEN 0 AND 1),
    raise_after interval NOT NULL DEFAULT interval '5 minutes',
    severity text NOT NULL DEFAULT 'medium' CHECK (severity IN ('low', 'medium', 'high', 'critical')),
    enabled boolean NOT NULL DEFAULT TRUE,
    title text NOT NULL,
    reason text NOT NULL,
    set_by text NOT NULL DEFAULT 'camgrid',
    set_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE camgrid.scaling_thresholds IS
'What each alert is raised at; change it with set_scaling_threshold()';
COMMENT ON COLUMN camgrid.scaling_thresholds.raise_after IS 'how long a cause stands before an alert is raised';
COMMENT ON COLUMN camgrid.scaling_thresholds.clear_at IS
'share of the threshold that the value must fall to before the alert resolves itself, so that it does not flap';

INSERT INTO camgrid.scaling_thresholds (
    trigger_type, threshold, unit, per, clear_at, raise_after, severity, title, reason
) VALUES
(
    'read_operations_per_second', 10000, 'reads/s', 'node', 0.8, '5 minutes', 'medium',
    'Reads are near what the nodes give',
    'the strategy''s goal; a node of two cores gives 12,000 and more of one camera''s reads (docs/benchmarks.md)'
),
(
    'write_operations_per_second', 1000, 'rows/s', 'group', 0.8, '5 minutes', 'medium',
    'Writes are near what the groups take',
    'the strategy''s goal; one core takes about 1,000 single results a second (docs/benchmarks.md)'
),
(
    'active_connections', 200, 'sessions', 'group', 0.8, '5 minutes', 'medium',
    'More sessions work than the groups have cores for',
    'the strategy''s goal, which is also max_connections of one node'
),
(
    'performance', 1000, 'ms', 'cluster', 0.8, '5 minutes', 'medium', 'Database Scaling Required',
    'the strategy''s: a second on average is more than anybody waits for'
),
(
    'connections_used', 80, '%', 'cluster', 0.9, '2 minutes', 'high', 'A node is short of connections',
    'of max_connections; beyond it clients are refused, and Citus needs some to forward statements'
),
(
    'pool_wait', 5, 's', 'cluster', 0.5, '2 minutes', 'high', 'Clients wait for a connection of a pool',
    'a transaction takes milliseconds: who waits this long finds all connections taken'
),
(
    'replication_lag', 300, 's', 'cluster', 0.5, '1 minute', 'high', 'A replica is far behind',
    'the strategy''s; where the second region waits on purpose (camgrid_region_delay_s), it has to be more than that'
),
(
    'replica_lost', 0, 'replicas', 'cluster', 1, '3 minutes', 'high', 'A replica does not stream',
    'a restart takes a minute; until it is back nothing may take over, and its reads go elsewhere'
),
(
    'hot_camera', 50, '%', 'cluster', 0.8, '10 minutes', 'medium', 'One camera makes most of a group''s load',
    'of the CPU time of the busiest group, if that is half a core or more: moving other shards cannot level it'
),
(
    'shard_skew', 1.3, 'times the mean', 'cluster', 0.9, '30 minutes', 'low', 'Shards lie unevenly over the groups',
    'a tenth is within what the rebalancer leaves alone; three tenths are a group that fills a third earlier'
),
(
    'disk_capacity', 70, '%', 'cluster', 0.95, '10 minutes', 'high', 'A node''s disk fills up',
    'data of the disk''s size: a full disk ends all writing, and a new worker takes hours to fill'
);

-- What each node had counted when it was looked at: the earlier look of get_scaling_metrics(). Ten minutes are kept.
CREATE TABLE camgrid.scaling_looks (
    node_name text NOT NULL,
    looked_at timestamptz NOT NULL,
    answer jsonb NOT NULL,
    PRIMARY KEY (node_name, looked_at)
);
COMMENT ON TABLE camgrid.scaling_looks IS 'Counters of each node a few minutes back; on the coordinator';

CREATE TABLE camgrid.scaling_history (
    metric_name text NOT NULL,
    seen_at timestamptz NOT NULL,
    current_value numeric NOT NULL,
    PRIMARY KEY (metric_name, seen_at)
);
COMMENT ON TABLE camgrid.scaling_history IS
'What get_scaling_metrics() said each minute, for the last seven days; on the coordinator';

CREATE TABLE camgrid.alerts (
    id bigserial PRIMARY KEY,
    alert_type text NOT NULL DEFAULT 'scaling_trigger',
    trigger_type text NOT NULL REFERENCES camgrid.scaling_thresholds,
    subject text NOT NULL,
    severity text NOT NULL,
    title text NOT NULL,
    message text NOT NULL,
    next_step text NOT NULL,
    current_value numeric NOT NULL,
    threshold_value numeric NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen timestamptz NOT NULL DEFAULT now(),
    raised_at timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    resolved_at timestamptz,
    resolved_by text,
    note text,
    status text NOT NULL GENERATED ALWAYS AS (
        CASE
            WHEN resolved_at IS NOT NULL THEN 'resolved'
            WHEN raised_at IS NULL THEN 'pending'
            WHEN acknowledged_at IS NOT NULL THEN 'acknowledged'
            ELSE 'open'
        END
    ) STORED
);
COMMENT ON TABLE camgrid.alerts IS
'What check_scaling_triggers() found, one row for each time that a cause stood; on the coordinator';
COMMENT ON COLUMN camgrid.alerts.subject IS 'the node, replica, pool, group or camera; cluster where it is all of it';
COMMENT ON COLUMN camgrid.alerts.status IS
'pending until it has stood for its raise_after, then open; acknowledged by a person; resolved, by camgrid when
its cause was gone, or by a person';
CREATE UNIQUE INDEX alerts_one_for_each_cause ON camgrid.alerts (trigger_type, subject) WHERE resolved_at IS NULL;

CREATE TABLE camgrid.scaling_log (
    id bigserial PRIMARY KEY,
    trigger_type text NOT NULL,
    subject text NOT NULL,
    current_value numeric NOT NULL,
    threshold_value numeric NOT NULL,
    action text NOT NULL,
    alert_id bigint,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE camgrid.scaling_log IS
'When a cause came to stand and what was advised, and when it was gone; on the coordinator, for a year';
COMMENT ON COLUMN camgrid.scaling_log.action IS
'add_replica, add_worker, more_connections, isolate_camera, rebalance, scale_up, look; or none: the cause is gone';

-- Read by monitors; changed through functions, by whoever has the operator's certificate.
GRANT SELECT ON camgrid.alerts, camgrid.scaling_log, camgrid.scaling_thresholds, camgrid.scaling_history
TO camgrid_monitor;

RESET ROLE;

SELECT cron.schedule('camgrid-check-scaling', '* * * * *', 'SELECT camgrid.check_scaling_triggers()');
