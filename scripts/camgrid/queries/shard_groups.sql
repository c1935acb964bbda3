-- Shards that move as one (those of all colocated tables and partitions with the same hashes), on the group that has them.
-- A shard group goes by the lowest shard id in it. Sizes include indexes; of shards that are being copied the larger.
WITH sizes AS MATERIALIZED (
    SELECT shard_id, max(size) AS bytes FROM citus_shard_sizes() GROUP BY shard_id
)

SELECT
    min(s.shardid) AS shard,
    t.colocationid AS colocation,
    s.shardminvalue AS low,
    p.groupid AS "group",
    count(*) AS tables,
    coalesce(sum(z.bytes), 0)::bigint AS bytes,
    array_agg(s.shardid ORDER BY s.shardid) AS shards
FROM pg_dist_partition AS t
JOIN pg_dist_shard AS s USING (logicalrelid)
JOIN pg_dist_placement AS p USING (shardid)
LEFT JOIN sizes AS z ON z.shard_id = s.shardid
WHERE t.partmethod = 'h'
GROUP BY t.colocationid, s.shardminvalue, p.groupid
ORDER BY 1
