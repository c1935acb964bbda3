CREATE OR REPLACE FUNCTION camgrid.replica_causes()
RETURNS TABLE (
    trigger_type text, subject text, current_value numeric, threshold_value numeric, complete boolean,
    detail text, action text, next_step text
)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    WITH replicas AS MATERIALIZED (SELECT * FROM camgrid.monitor_replication_lag())
    SELECT
        'replication_lag', r.replica_name, r.lag_seconds::numeric, NULL::numeric, TRUE,
        format('%s of group %s has not replayed %s bytes', r.replica_name, r.citus_group, r.lag_bytes),
        'look', 'camgrid replication says whether its network, its disk or a long query there holds it up'
    FROM replicas AS r WHERE r.status <> 'disconnected'
    UNION ALL
    SELECT
        'replica_lost', r.replica_name, CASE r.status WHEN 'disconnected' THEN 1 ELSE 0 END, NULL, TRUE,
        format('%s of group %s: %s', r.replica_name, r.citus_group, coalesce(r.reason, 'does not stream')),
        'add_replica',
        format(
            'camgrid status; where its data is beyond repair: ansible-playbook -i INVENTORY playbooks/reinit_member.yml -e member=%s',
            r.replica_name
        )
    FROM replicas AS r
    UNION ALL
    -- Looked at, though there may be no replica at all.
    SELECT t.name, NULL, NULL, NULL, TRUE, NULL, NULL, NULL
    FROM (VALUES ('replication_lag'), ('replica_lost')) AS t (name)
$$;

COMMENT ON FUNCTION camgrid.replica_causes() IS 'What scaling_causes() has to weigh of monitor_replication_lag()';

REVOKE ALL ON FUNCTION camgrid.replica_causes() FROM PUBLIC;
