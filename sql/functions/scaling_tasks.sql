CREATE OR REPLACE FUNCTION camgrid.scaling_tasks()
RETURNS TABLE (phase integer, task text, done boolean, evidence text)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    WITH seen AS (
        SELECT * FROM camgrid.scaling_checks_foundation()
        UNION ALL
        SELECT * FROM camgrid.scaling_checks_reads()
        UNION ALL
        SELECT * FROM camgrid.scaling_checks_shards()
    )
    SELECT i.phase, wanted.task, coalesce(seen.done, FALSE), coalesce(seen.evidence, 'nothing here finds it out')
    FROM camgrid.scaling_implementation AS i
    CROSS JOIN LATERAL unnest(i.tasks) WITH ORDINALITY AS wanted (task, place)
    LEFT JOIN seen ON seen.task = wanted.task
    ORDER BY i.phase, wanted.place
$$;

COMMENT ON FUNCTION camgrid.scaling_tasks() IS
'Every task of scaling_implementation, whether it is done in this cluster now, and what that was seen by. A task that
nothing finds out about is not done';

REVOKE ALL ON FUNCTION camgrid.scaling_tasks() FROM PUBLIC;
