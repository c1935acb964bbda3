"""`camgrid bench`: the cluster's speed beside a plain PostgreSQL's, in one run on the same machine."""
