-- Sessions of this node that work for one session of the coordinator, and what they wait for. Citus names the latter by
-- its global id in the name of the application.
SELECT
    a.pid,
    a.wait_event_type AS kind,
    a.wait_event AS event,
    left(a.query, 60) AS query,
    extract(EPOCH FROM clock_timestamp() - a.state_change)::double precision AS seconds,
    (
        SELECT string_agg(
            format(
                'session %s of %s (%s, transaction of %s)', b.pid, b.usename, b.state,
                date_trunc('second', clock_timestamp() - b.xact_start)
            ), '; '
        )
        FROM pg_stat_activity AS b WHERE b.pid = ANY (pg_blocking_pids(a.pid))
    ) AS blockers,
    (
        SELECT string_agg(format('prepared transaction %s of %s', x.gid, date_trunc('second', x.prepared)), '; ')
        FROM pg_prepared_xacts AS x
        WHERE 0 = ANY (pg_blocking_pids(a.pid))
    ) AS prepared
FROM pg_stat_activity AS a
WHERE a.application_name LIKE {application} AND a.state <> 'idle'
