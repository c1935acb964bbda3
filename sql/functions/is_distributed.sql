CREATE OR REPLACE FUNCTION camgrid.is_distributed(table_name text) RETURNS boolean
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    answer boolean;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        RETURN FALSE;
    END IF;
    -- A table that Citus merely knows, as in the middle of being distributed, has neither a key nor copies.
    EXECUTE $query$
        SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = $1 AND (partmethod <> 'n' OR repmodel = 't'))
    $query$
    INTO answer USING format('camgrid.%I', table_name)::regclass;
    RETURN answer;
END;
$$;

COMMENT ON FUNCTION camgrid.is_distributed(text) IS
'Whether a table of camgrid is spread over nodes, or kept on all of them, by Citus';
