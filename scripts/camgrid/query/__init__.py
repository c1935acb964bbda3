"""`camgrid query`: SQL of the user's own over all shards, read only unless told, bounded in time and rows."""
