-- The moves that Citus would make, in its order: one row for each table's shard, which shard_groups puts together.
SELECT
    m.shardid AS shard,
    source.groupid AS source,
    target.groupid AS target
FROM get_rebalance_table_shards_plan(rebalance_strategy => %(strategy)s::name, drain_only => %(drain_only)s)
WITH ORDINALITY AS m (
    table_name, shardid, shard_size, sourcename, sourceport, targetname, targetport, place
)
JOIN pg_dist_node AS source ON source.nodename = m.sourcename AND source.nodeport = m.sourceport
JOIN pg_dist_node AS target ON target.nodename = m.targetname AND target.nodeport = m.targetport
ORDER BY m.place
