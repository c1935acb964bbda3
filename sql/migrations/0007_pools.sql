-- The role with which a node's PgBouncer looks up whoever logs in. No password: only the node's own pool can be it,
-- over the Unix socket, and it may do nothing but ask for the verifiers of the applications' roles.
CREATE ROLE camgrid_pooler LOGIN;
GRANT USAGE ON SCHEMA camgrid TO camgrid_pooler;
