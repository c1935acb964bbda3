-- node_metadata_synced: Whether a node of Citus's has the metadata
-- node_active: Whether Citus uses it
SELECT
    n.nodename AS node,
    n.groupid::text AS citus_group,
    n.noderole::text AS role,
    n.metadatasynced AS node_metadata_synced,
    n.isactive AS node_active
FROM pg_dist_node AS n
