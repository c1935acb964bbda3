CREATE OR REPLACE FUNCTION camgrid.set_scaling_threshold(
    trigger_type text, threshold numeric DEFAULT NULL, raise_after interval DEFAULT NULL, enabled boolean DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    UPDATE camgrid.scaling_thresholds AS t
    SET
        threshold = coalesce(set_scaling_threshold.threshold, t.threshold),
        raise_after = coalesce(set_scaling_threshold.raise_after, t.raise_after),
        enabled = coalesce(set_scaling_threshold.enabled, t.enabled),
        set_by = coalesce(nullif(current_setting('camgrid.operator', TRUE), ''), session_user),
        set_at = now()
    WHERE t.trigger_type = set_scaling_threshold.trigger_type;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no trigger %', trigger_type USING ERRCODE = 'no_data_found',
            HINT = 'SELECT trigger_type FROM camgrid.scaling_thresholds';
    END IF;
END;
$$;

COMMENT ON FUNCTION camgrid.set_scaling_threshold(text, numeric, interval, boolean) IS
'Changes what an alert is raised at, how long its cause has to stand before, or whether it is raised at all; null leaves
each as it is';

REVOKE ALL ON FUNCTION camgrid.set_scaling_threshold(text, numeric, interval, boolean) FROM PUBLIC;
