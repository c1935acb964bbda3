CREATE OR REPLACE FUNCTION camgrid.weigh_causes(causes jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    cause record;
    gone record;
BEGIN
    FOR cause IN
        SELECT c.*, coalesce(c.threshold_value, t.threshold) AS bound
        FROM jsonb_to_recordset(causes) AS c (
            trigger_type text, subject text, current_value numeric, threshold_value numeric,
            detail text, action text, next_step text
        )
        JOIN camgrid.scaling_thresholds AS t USING (trigger_type)
        LEFT JOIN camgrid.alerts AS a
            ON a.trigger_type = c.trigger_type AND a.subject = c.subject AND a.status IN ('open', 'acknowledged')
        WHERE t.enabled AND c.subject IS NOT NULL
            -- Once raised it stands until the value is well below.
            AND c.current_value > coalesce(c.threshold_value, t.threshold)
            * CASE WHEN a.id IS NULL THEN 1 ELSE t.clear_at END
    LOOP
        PERFORM camgrid.raise_alert(
            cause.trigger_type, cause.subject, cause.current_value, cause.bound, cause.detail, cause.action, cause.next_step
        );
    END LOOP;
    FOR gone IN
        SELECT a.id, c.current_value
        FROM camgrid.alerts AS a
        JOIN camgrid.scaling_thresholds AS t USING (trigger_type)
        LEFT JOIN jsonb_to_recordset(causes) AS c (trigger_type text, subject text, current_value numeric)
            ON c.trigger_type = a.trigger_type AND c.subject = a.subject
        -- Those that still stand were just seen. What is not known now may stand as well.
        WHERE a.resolved_at IS NULL AND (a.last_seen < now() OR NOT t.enabled) AND (
            NOT t.enabled
            OR c.current_value IS NOT NULL
            OR (c.subject IS NULL AND EXISTS (
                SELECT FROM jsonb_to_recordset(causes) AS told (trigger_type text, complete boolean)
                WHERE told.trigger_type = a.trigger_type
                HAVING bool_and(told.complete)
            ))
        )
    LOOP
        PERFORM camgrid.clear_alert(gone.id, gone.current_value, 'camgrid', NULL);
    END LOOP;
END;
$$;

COMMENT ON FUNCTION camgrid.weigh_causes(jsonb) IS
'Raises, keeps and resolves alerts by rows of scaling_causes()';

REVOKE ALL ON FUNCTION camgrid.weigh_causes(jsonb) FROM PUBLIC;
