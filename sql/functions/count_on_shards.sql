-- As whoever calls it. It is STABLE, so what it runs cannot write; a cursor takes one statement only.
CREATE OR REPLACE FUNCTION camgrid.count_on_shards(shard_names text[], condition text, params jsonb)
RETURNS TABLE (shard_name text, result_count bigint, execution_time numeric, reason text, code text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, camgrid, public, pg_temp
AS $$
DECLARE
    answer refcursor;
    started timestamptz;
    too_late boolean := FALSE;
BEGIN
    FOREACH shard_name IN ARRAY shard_names LOOP
        result_count := NULL;
        execution_time := NULL;
        reason := NULL;
        code := NULL;
        IF too_late THEN
            reason := 'its node''s time was over before its turn came';
        ELSIF to_regclass(format('camgrid.%I', shard_name)) IS NULL THEN
            reason := 'its node does not have it: it has just moved; ask again';
        ELSE
            started := clock_timestamp();
            BEGIN
                -- The line break ends a comment, which would swallow the parenthesis.
                OPEN answer FOR EXECUTE format(
                    E'SELECT count(*) FROM camgrid.%I AS counting_results WHERE (%s\n)', shard_name, condition
                ) USING params;
                FETCH answer INTO result_count;
                CLOSE answer;
            EXCEPTION WHEN query_canceled THEN
                too_late := TRUE;
                reason := 'it was not counted when its node''s time was over';
            WHEN OTHERS THEN
                reason := SQLERRM;
                code := SQLSTATE;
            END;
            execution_time := round(extract(EPOCH FROM clock_timestamp() - started), 6);
        END IF;
        RETURN NEXT;
        -- A mistake in the condition is the same everywhere.
        EXIT WHEN code LIKE '42%';
    END LOOP;
END;
$$;

COMMENT ON FUNCTION camgrid.count_on_shards(text[], text, jsonb) IS
'Rows of each of these shards of this node that meet a condition, in which $1 is params; seconds each took, and why one
has no count. What statement_timeout ends is a reason too, and the shards after it are not looked at';

REVOKE ALL ON FUNCTION camgrid.count_on_shards(text[], text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.count_on_shards(text[], text, jsonb) TO camgrid_reporter;
