-- What keeps a primary from copying shards while they are written to, and the room that its data has.
SELECT
    n.groupid AS citus_group,
    a.success,
    a.result
FROM run_command_on_all_nodes($query$
    SELECT json_build_object(
        'wal_level', current_setting('wal_level'),
        'plugins', coalesce(current_setting('output_plugin_libraries', TRUE), 'citus'),
        'free', d.available_disk_size,
        'disk', d.total_disk_size
    )
    FROM citus_local_disk_space_stats() AS d
$query$, give_warning_for_connection_errors := TRUE) AS a
INNER JOIN pg_dist_node AS n USING (nodeid)
