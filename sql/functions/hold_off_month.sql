CREATE OR REPLACE FUNCTION camgrid.hold_off_month(plain text, until timestamptz) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Not on the table itself, which every insert of every month locks.
    PERFORM camgrid.run_on_shards(format('SELECT camgrid.hold_off_writes(%%1$s, %L)', until), ARRAY[plain], FALSE);
END;
$$;

COMMENT ON FUNCTION camgrid.hold_off_month(text, timestamptz) IS
'Holds writes to the shards of one month off until a moment; null: no longer';

ALTER FUNCTION camgrid.hold_off_month(text, timestamptz) OWNER TO camgrid_owner;
REVOKE ALL ON FUNCTION camgrid.hold_off_month(text, timestamptz) FROM PUBLIC;
