CREATE OR REPLACE FUNCTION camgrid.local_hardware()
RETURNS TABLE (
    cores integer, memory_bytes bigint, disk_kind text, disk_device text, disk_bytes bigint, network_mbit integer,
    shared_buffers bigint, huge_pages text, data_bytes bigint, month_bytes bigint, hot_bytes bigint,
    busy_sessions numeric, wal_bytes_s numeric, replicas bigint, measured_s numeric
)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    WITH since AS (
        -- Reset with all the others after a crash, and never null.
        SELECT greatest(1, extract(EPOCH FROM now() - w.stats_reset)) AS seconds, w.wal_bytes FROM pg_stat_wal AS w
    ),
    months AS (
        SELECT
            -- Of the last three full months the largest: one in which cameras were off is no measure.
            max(m.bytes) FILTER (WHERE m.end_date <= current_date AND m.end_date > current_date - 93) AS largest,
            sum(m.bytes) FILTER (WHERE m.start_date <= current_date AND m.end_date > current_date - 31) AS hot
        FROM camgrid.local_months() AS m
    )
    SELECT
        (SELECT count(*) FROM string_to_table(camgrid.kernel_file('/proc/cpuinfo'), E'\n') AS l WHERE l ~ '^processor\s*:')::integer,
        -- A container's limit, where it has one.
        least(
            substring(camgrid.kernel_file('/proc/meminfo'), 'MemTotal: +(\d+)')::bigint * 1024,
            substring(camgrid.kernel_file('/sys/fs/cgroup/memory.max'), '^\d+$')::bigint
        ),
        disk.kind,
        disk.device,
        disk.bytes,
        -- Of the cards, which have a device below them; bridges and tunnels name speeds that they do not have.
        (
            SELECT max(speed.mbit)
            FROM pg_ls_dir('/sys/class/net', TRUE, FALSE) AS card (name)
            CROSS JOIN LATERAL (
                SELECT substring(camgrid.kernel_file(format('/sys/class/net/%s/speed', card.name)), '^\d+$')::integer AS mbit
            ) AS speed
            WHERE camgrid.kernel_file(format('/sys/class/net/%s/device/uevent', card.name)) IS NOT NULL
        ),
        pg_size_bytes(current_setting('shared_buffers')),
        current_setting('huge_pages_status', TRUE),
        (SELECT sum(pg_database_size(d.oid)) FROM pg_database AS d WHERE d.datallowconn)::bigint,
        months.largest,
        months.hot::bigint,
        round((SELECT sum(d.active_time) FROM pg_stat_database AS d)::numeric / 1000 / since.seconds, 2),
        round(since.wal_bytes / since.seconds),
        (SELECT count(*) FROM pg_stat_replication AS r WHERE r.state = 'streaming'),
        round(since.seconds)
    FROM since
    CROSS JOIN months
    LEFT JOIN camgrid.data_disk() AS disk ON TRUE
$$;

COMMENT ON FUNCTION camgrid.local_hardware() IS
'What this node is made of and what it does, read from its kernel and PostgreSQL''s statistics: null is what neither
tells. month_bytes: the largest of the last three full months; hot_bytes: this month and the one before; busy_sessions:
on average over measured_s seconds, as wal_bytes_s';

REVOKE ALL ON FUNCTION camgrid.local_hardware() FROM PUBLIC;
