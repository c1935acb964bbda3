-- placements: Shards of counting_results that a group holds
-- placements_inactive: Those of them that Citus does not use
SELECT
    p.citus_group::text AS citus_group,
    count(*) AS placements,
    count(*) FILTER (WHERE NOT p.is_active) AS placements_inactive
FROM camgrid.shard_placements() AS p
GROUP BY p.citus_group
