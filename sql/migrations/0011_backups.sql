-- The role with which the repository's host makes restore points. No password: it is let in by that host's certificate,
-- and may do nothing else.
CREATE ROLE camgrid_backup LOGIN;
GRANT USAGE ON SCHEMA camgrid TO camgrid_backup;
