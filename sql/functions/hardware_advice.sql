CREATE OR REPLACE FUNCTION camgrid.hardware_advice(hardware json, cameras bigint, results_s numeric, groups bigint)
RETURNS TABLE (component text, current_value text, recommended_value text, priority text, reason text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH h AS (
        SELECT * FROM json_to_record(coalesce(hardware, '{}')) AS r (
            cores integer, memory_bytes bigint, disk_kind text, disk_device text, disk_bytes bigint, network_mbit integer,
            shared_buffers bigint, huge_pages text, data_bytes bigint, month_bytes bigint, hot_bytes bigint,
            busy_sessions numeric, wal_bytes_s numeric, replicas bigint, measured_s numeric
        )
    ),
    needs AS (
        SELECT
            h.*,
            -- A busy hour is three times the average. One core takes a thousand single results a second (docs/benchmarks.md).
            greatest(4, ceil(h.busy_sessions * 3), ceil(coalesce(results_s * 3, cameras) / 1000 / greatest(groups, 1)))
            AS cores_needed,
            -- What is read most is to be found in memory: three quarters of it are PostgreSQL's and the kernel's cache.
            greatest(4::numeric * 1024 ^ 3, 2 ^ ceil(log(2, greatest(1, h.hot_bytes / 0.75)))) AS memory_needed,
            -- A year ahead, and three tenths left: a full disk ends all writing.
            (h.data_bytes + 12 * coalesce(h.month_bytes, 0)) / 0.7 AS disk_needed,
            -- WAL of a busy second, ten times the average, to every replica and to the archive; or a copy of all in four hours.
            greatest(h.wal_bytes_s * 10 * (h.replicas + 1), h.data_bytes / 14400) * 8 / 1000000 AS mbit_needed
        FROM h
    ),
    -- Cards are made for these.
    cards AS (
        SELECT min(c.mbit) AS mbit
        FROM unnest(ARRAY[1000, 2500, 10000, 25000, 40000, 100000]) AS c (mbit), needs
        WHERE needs.mbit_needed IS NOT NULL AND c.mbit >= least(needs.mbit_needed, 100000)
    )
    SELECT
        a.component,
        coalesce(a.has, 'unknown'),
        coalesce(a.needs, 'unknown'),
        CASE WHEN a.has IS NULL OR a.needs IS NULL THEN 'unknown' ELSE a.priority END,
        a.reason
    FROM needs AS n
    CROSS JOIN cards
    CROSS JOIN LATERAL (
        VALUES
        (
            'CPU Cores', n.cores || ' cores', n.cores_needed || ' cores',
            CASE WHEN n.cores < n.cores_needed THEN 'high' ELSE 'low' END,
            format(
                '%s sessions busy on average over %s days; %s', n.busy_sessions, round(n.measured_s / 86400, 1),
                coalesce(round(results_s, 1) || ' results a second yesterday', cameras || ' cameras, one result a second assumed')
            )
        ),
        (
            'Memory (RAM)', pg_size_pretty(n.memory_bytes), pg_size_pretty(n.memory_needed::bigint),
            -- The kernel keeps some of it for itself and does not count it.
            CASE WHEN n.memory_bytes < n.memory_needed * 0.9 THEN 'high' ELSE 'low' END,
            'this month and the one before are ' || pg_size_pretty(n.hot_bytes)
        ),
        (
            'Shared Buffers', pg_size_pretty(n.shared_buffers), pg_size_pretty(n.memory_bytes / 4),
            CASE WHEN n.shared_buffers BETWEEN n.memory_bytes * 0.15 AND n.memory_bytes * 0.4 THEN 'low' ELSE 'medium' END,
            'a quarter of the memory'
        ),
        (
            'Huge Pages', nullif(n.huge_pages, 'unknown'), 'on',
            CASE
                WHEN n.huge_pages = 'on' OR n.shared_buffers < 1024 ^ 3 THEN 'low'
                WHEN n.shared_buffers < 8 * 1024 ^ 3 THEN 'medium'
                ELSE 'high'
            END,
            'every connection has page tables of all shared buffers: without them 2 MB for each GB'
        ),
        (
            'Storage Type', n.disk_kind, 'NVMe',
            CASE n.disk_kind WHEN 'NVMe' THEN 'low' WHEN 'SSD' THEN 'medium' ELSE 'critical' END,
            coalesce(n.disk_device, 'the node sees no block device under its data directory')
        ),
        (
            'Storage Capacity', pg_size_pretty(n.disk_bytes), pg_size_pretty(n.disk_needed::bigint),
            CASE
                WHEN n.disk_bytes < n.data_bytes + coalesce(n.month_bytes, 0) THEN 'critical'
                WHEN n.disk_bytes < n.disk_needed THEN 'high'
                ELSE 'low'
            END,
            format(
                '%s now, %s', pg_size_pretty(n.data_bytes),
                coalesce('a year more at ' || pg_size_pretty(n.month_bytes) || ' a month', 'no full month yet to tell its growth')
            )
        ),
        (
            'Network Bandwidth', trim_scale(n.network_mbit / 1000.0) || ' Gbps', trim_scale(cards.mbit / 1000.0) || ' Gbps',
            CASE WHEN n.network_mbit < cards.mbit THEN 'high' ELSE 'low' END,
            format(
                '%s of WAL a second, %s replicas; all data copied in four hours',
                pg_size_pretty(n.wal_bytes_s), n.replicas
            )
        )
    ) AS a (component, has, needs, priority, reason)
$$;

COMMENT ON FUNCTION camgrid.hardware_advice(json, bigint, numeric, bigint) IS
'What a node of that hardware (a row of local_hardware) is to have for what it does: cameras and results_s of the whole
cluster, over that many groups. What is not known of the hardware stays unknown';

REVOKE ALL ON FUNCTION camgrid.hardware_advice(json, bigint, numeric, bigint) FROM PUBLIC;
