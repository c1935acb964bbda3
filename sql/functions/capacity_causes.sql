CREATE OR REPLACE FUNCTION camgrid.capacity_causes()
RETURNS TABLE (
    trigger_type text, subject text, current_value numeric, threshold_value numeric, complete boolean,
    detail text, action text, next_step text
)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    WITH nodes AS MATERIALIZED (SELECT * FROM camgrid.known_nodes()),
    cluster AS (
        SELECT
            max(n.citus_group) AS last_group,
            greatest(1, count(DISTINCT n.citus_group) FILTER (WHERE n.citus_group > 0)) AS groups
        FROM nodes AS n
    ),
    shards AS (
        SELECT sum(s.bytes) AS bytes, bool_and(s.reason IS NULL) AS complete, s.citus_group
        FROM camgrid.shard_sizes() AS s GROUP BY s.citus_group
    ),
    skew AS (
        SELECT
            max(s.bytes) * c.groups / nullif(sum(s.bytes), 0) AS times, sum(s.bytes) AS bytes,
            coalesce(bool_and(s.complete), FALSE) AS complete
        FROM shards AS s CROSS JOIN cluster AS c GROUP BY c.groups
    ),
    hardware AS MATERIALIZED (
        SELECT n.node_name, told.reason, h.*
        FROM nodes AS n
        CROSS JOIN LATERAL camgrid.ask_node(n.node_name, 'SELECT * FROM camgrid.local_hardware()') AS told
        CROSS JOIN LATERAL json_to_record(coalesce(told.answer, '{}')) AS h (data_bytes bigint, disk_bytes bigint)
    )
    SELECT
        'shard_skew', 'cluster',
        -- What a gigabyte lacks to be even is chance, and no reason to move anything.
        CASE WHEN s.complete THEN CASE WHEN s.bytes < 1024 ^ 3 THEN 1 ELSE round(coalesce(s.times, 1), 2) END END,
        NULL::numeric, s.complete,
        format('the fullest of %s groups holds %s times the mean', c.groups, round(s.times, 2)),
        'rebalance', 'camgrid rebalance plan'
    FROM skew AS s CROSS JOIN cluster AS c
    UNION ALL
    SELECT
        'disk_capacity', h.node_name, round(100.0 * h.data_bytes / h.disk_bytes, 1), NULL, TRUE,
        format('%s holds %s on a disk of %s', h.node_name, pg_size_pretty(h.data_bytes), pg_size_pretty(h.disk_bytes)),
        CASE WHEN c.last_group > 0 THEN 'add_worker' ELSE 'scale_up' END,
        CASE WHEN c.last_group > 0 THEN format(
            'ansible-playbook -i INVENTORY playbooks/add_worker.yml -e group=%s; then: camgrid rebalance start', c.last_group + 1
        ) ELSE 'camgrid partitions rules says what is archived and dropped; else a larger disk, or workers: camgrid phase plan' END
    FROM hardware AS h CROSS JOIN cluster AS c
    WHERE h.disk_bytes > 0
    UNION ALL
    SELECT 'disk_capacity', NULL, NULL, NULL, coalesce(bool_and(h.reason IS NULL), TRUE), NULL, NULL, NULL FROM hardware AS h
$$;

COMMENT ON FUNCTION camgrid.capacity_causes() IS
'What scaling_causes() has to weigh of shard_sizes() and local_hardware(): how unevenly shards lie over the groups, and
how full each node''s disk is, where the node can see it. It reads the size of every file: seconds, where there are many';

REVOKE ALL ON FUNCTION camgrid.capacity_causes() FROM PUBLIC;
