CREATE OR REPLACE FUNCTION camgrid.note_earlier_results() RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
    state record;
    ends timestamptz;
    starts timestamptz;
BEGIN
    SELECT s.noted_since, s.step INTO STRICT state FROM camgrid.rollup_state AS s;
    -- The newest month that has anything earlier; where there are no months, there is nothing to note.
    SELECT least(state.noted_since, p.end_date), greatest(p.start_date, least(state.noted_since, p.end_date) - state.step)
    INTO ends, starts
    FROM camgrid.list_partitions('counting_results') AS p
    WHERE p.start_date < state.noted_since
    ORDER BY p.start_date DESC
    LIMIT 1;
    IF ends IS NOT NULL THEN
        PERFORM camgrid.note_results(starts, ends);
    END IF;
    UPDATE camgrid.rollup_state SET noted_since = coalesce(starts, '-infinity')
    WHERE noted_since <> coalesce(starts, '-infinity');
    RETURN ends IS NOT NULL;
END;
$$;

COMMENT ON FUNCTION camgrid.note_earlier_results() IS
'Notes the next portion of results that were stored before there were rollups, from the newest on, a month at most;
returns whether there may be more';

REVOKE ALL ON FUNCTION camgrid.note_earlier_results() FROM PUBLIC;
