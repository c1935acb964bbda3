CREATE OR REPLACE FUNCTION camgrid.load_causes(metrics jsonb)
RETURNS TABLE (
    trigger_type text, subject text, current_value numeric, threshold_value numeric, complete boolean,
    detail text, action text, next_step text
)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    WITH cluster AS (
        SELECT max(n.citus_group) AS last_group FROM camgrid.known_nodes() AS n
    ),
    advice AS (
        SELECT a.*
        FROM cluster AS c
        CROSS JOIN LATERAL (
            VALUES
            ('read_operations_per_second', 'read_operations_per_second', 'add_replica',
                'name another replica of the busiest group in the inventory, then: '
                'ansible-playbook -i INVENTORY playbooks/site.yml'),
            ('write_operations_per_second', 'write_operations_per_second', 'add_worker',
                CASE WHEN c.last_group > 0 THEN format(
                    'ansible-playbook -i INVENTORY playbooks/add_worker.yml -e group=%s; then: camgrid rebalance start',
                    c.last_group + 1
                ) ELSE 'camgrid phase plan: worker groups share the writes' END),
            ('active_connections', 'active_connections', 'add_replica',
                'camgrid shards balance shows which group works most; reads to replicas (port 5002) or a worker more'),
            ('average_statement_milliseconds', 'performance', 'scale_up',
                'SELECT * FROM camgrid.analyze_query_performance() as camgrid_monitor names the slowest statements'),
            ('connections_used_percent', 'connections_used', 'more_connections',
                'raise max_connections in patroni_shared_parameters, then playbooks/site.yml and apply_restarts.yml; '
                'who holds them: SELECT * FROM pg_stat_activity there')
        ) AS a (metric_name, trigger_type, action, next_step)
    )
    SELECT a.trigger_type, 'cluster', m.current_value, m.target_value, m.current_value IS NOT NULL, m.reason, a.action, a.next_step
    FROM jsonb_to_recordset(metrics) AS m (metric_name text, current_value numeric, target_value numeric, reason text)
    JOIN advice AS a USING (metric_name)
$$;

COMMENT ON FUNCTION camgrid.load_causes(jsonb) IS
'What scaling_causes() has to weigh of the load: rows of get_scaling_metrics(), each with what would help';

REVOKE ALL ON FUNCTION camgrid.load_causes(jsonb) FROM PUBLIC;
