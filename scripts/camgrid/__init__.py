"""camgrid: watch, grow, query and move a distributed PostgreSQL for camera counts."""
