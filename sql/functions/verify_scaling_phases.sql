CREATE OR REPLACE FUNCTION camgrid.verify_scaling_phases()
RETURNS TABLE (phase integer, task text, done boolean, evidence text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    seen CONSTANT jsonb := (SELECT jsonb_agg(to_jsonb(t)) FROM camgrid.scaling_tasks() AS t);
    found_phase record;
    -- Phases whose tasks are all done, and those of all that they depend on.
    complete integer [] := '{}';
    now_true camgrid.implementation_status;
BEGIN
    RETURN QUERY
    SELECT t.* FROM jsonb_to_recordset(seen) AS t (phase integer, task text, done boolean, evidence text);
    FOR found_phase IN
        SELECT i.phase, i.dependencies, bool_and(t.done) AS all_done, bool_or(t.done) AS some_done
        FROM camgrid.scaling_implementation AS i
        JOIN jsonb_to_recordset(seen) AS t (phase integer, done boolean) USING (phase)
        GROUP BY i.phase
        ORDER BY i.phase
    LOOP
        now_true := CASE
            WHEN found_phase.all_done AND found_phase.dependencies <@ complete THEN 'completed'
            WHEN found_phase.all_done THEN 'blocked'
            WHEN found_phase.some_done THEN 'in_progress'
            ELSE 'pending'
        END;
        IF now_true = 'completed' THEN
            complete := complete || found_phase.phase;
        END IF;
        UPDATE camgrid.scaling_implementation AS i
        SET
            status = now_true,
            verified_at = now(),
            started_at = CASE WHEN now_true <> 'pending' THEN coalesce(i.started_at, now()) END,
            completed_at = CASE WHEN now_true = 'completed' THEN coalesce(i.completed_at, now()) END
        WHERE i.phase = found_phase.phase;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION camgrid.verify_scaling_phases() IS
'Finds out how far the cluster has grown and writes it into scaling_implementation; returns scaling_tasks(). Blocked is
a phase that is done while something of one that it depends on is not';

REVOKE ALL ON FUNCTION camgrid.verify_scaling_phases() FROM PUBLIC;
