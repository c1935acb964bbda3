-- Who may do what. None is a superuser; passwords are set from the cluster's vault, never here.
-- camgrid_owner has no password: nobody logs in as it, but Citus connects from node to node, with the node's
-- certificate, as whoever runs a statement, and a partition is made by a function that runs as the owner.
CREATE ROLE camgrid_owner LOGIN;
CREATE ROLE camgrid_writer LOGIN;
CREATE ROLE camgrid_reader LOGIN;
CREATE ROLE camgrid_reporter LOGIN;
CREATE ROLE camgrid_monitor LOGIN;
GRANT pg_monitor TO camgrid_monitor;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO PUBLIC;

CREATE SCHEMA camgrid AUTHORIZATION camgrid_owner;
GRANT USAGE ON SCHEMA camgrid TO camgrid_writer, camgrid_reader, camgrid_reporter, camgrid_monitor;
