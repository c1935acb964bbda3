-- Gaps are found camera by camera, where the rows are. A row without times marks a camera that sent something.
WITH filled AS (
    SELECT
        r.camera_id,
        {slot} AS slot
    FROM {table} AS r
    {join}
    WHERE {conditions}
    GROUP BY 1, 2
),

neighbours AS (
    SELECT
        camera_id,
        slot,
        lag(slot) OVER (PARTITION BY camera_id ORDER BY slot) AS before,
        lead(slot) OVER (PARTITION BY camera_id ORDER BY slot) AS after
    FROM filled
),

gaps AS (
    SELECT
        camera_id,
        slot + %(step)s::interval AS gap_from,
        coalesce(after, %(last)s::timestamptz) AS gap_to
    FROM neighbours
    WHERE coalesce(after, %(last)s::timestamptz) - (slot + %(step)s::interval) >= %(least)s::interval
    UNION ALL
    SELECT
        camera_id,
        %(first)s::timestamptz AS gap_from,
        slot AS gap_to
    FROM neighbours
    WHERE before IS NULL AND slot - %(first)s::timestamptz >= %(least)s::interval
    UNION ALL
    SELECT
        camera_id,
        NULL::timestamptz AS gap_from,
        NULL::timestamptz AS gap_to
    FROM neighbours
    WHERE before IS NULL
)

SELECT
    camera_id,
    gap_from,
    gap_to
FROM gaps
ORDER BY {order}
