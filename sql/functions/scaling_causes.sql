CREATE OR REPLACE FUNCTION camgrid.scaling_causes(metrics jsonb, thorough boolean)
RETURNS TABLE (
    trigger_type text, subject text, current_value numeric, threshold_value numeric, complete boolean,
    detail text, action text, next_step text
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    source text;
BEGIN
    RETURN QUERY SELECT * FROM camgrid.load_causes(metrics);
    FOREACH source IN ARRAY ARRAY['replica_causes', 'pool_causes', 'camera_causes']
        || CASE WHEN thorough THEN ARRAY['capacity_causes'] ELSE '{}' END
    LOOP
        -- A worker that is down makes one of them fail, and must not keep the others from being told.
        BEGIN
            RETURN QUERY EXECUTE format('SELECT * FROM camgrid.%I()', source);
        EXCEPTION WHEN OTHERS THEN
            RAISE WARNING '% cannot tell: %', source, SQLERRM;
        END;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION camgrid.scaling_causes(jsonb, boolean) IS
'Everything that an alert may be raised for, whether it is over its threshold or not: current_value is null while it is
not known. complete: every subject of that trigger_type is listed, so that one which is not is gone. metrics: rows of
get_scaling_metrics(); thorough: also what takes seconds to find out';

REVOKE ALL ON FUNCTION camgrid.scaling_causes(jsonb, boolean) FROM PUBLIC;
