-- As the superuser: what waits to be archived is in a directory that only it, and monitors, may list.
CREATE OR REPLACE FUNCTION camgrid.archive_health()
RETURNS TABLE (
    archiving boolean, waiting bigint, last_archived timestamptz, last_failed timestamptz, failed_segment text
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT
        current_setting('archive_command') NOT IN ('', '/bin/true', '(disabled)') AND NOT pg_is_in_recovery(),
        (SELECT count(*) FROM pg_ls_archive_statusdir() AS f WHERE f.name LIKE '%.ready'),
        a.last_archived_time, a.last_failed_time, a.last_failed_wal
    FROM pg_stat_archiver AS a
$$;

COMMENT ON FUNCTION camgrid.archive_health() IS
'Whether this node archives its WAL, how many segments (16 MiB) wait, and when it last went well and wrong';

REVOKE ALL ON FUNCTION camgrid.archive_health() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.archive_health() TO camgrid_monitor;
