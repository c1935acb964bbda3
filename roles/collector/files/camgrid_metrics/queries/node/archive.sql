-- archive_on: Whether a node archives its WAL
-- archive_failing: Whether the repository refused its last segment
-- archive_waiting_segments: Segments (16 MiB each) that wait for the repository
-- archive_last_timestamp_seconds: When it took one last
SELECT
    a.archiving AS archive_on,
    coalesce(a.last_failed > coalesce(a.last_archived, '-infinity'), FALSE) AS archive_failing,
    a.waiting AS archive_waiting_segments,
    extract(EPOCH FROM a.last_archived) AS archive_last_timestamp_seconds
FROM camgrid.archive_health() AS a
