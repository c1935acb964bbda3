-- The rows of one chunk, on the coordinator, until its transaction ends. n: which row of the chunk.
CREATE TEMPORARY TABLE incoming (
    n integer NOT NULL,
    camera_id integer NOT NULL,
    zone_id integer NOT NULL,
    "timestamp" timestamptz NOT NULL,
    count_in integer NOT NULL DEFAULT 0,
    count_out integer NOT NULL DEFAULT 0,
    total_count integer NOT NULL,
    confidence numeric(5, 4),
    frame_data jsonb NOT NULL DEFAULT '{}'
) ON COMMIT DROP
