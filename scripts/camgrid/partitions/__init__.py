"""The months that tables are partitioned by: made ahead, archived, dropped, and the rules for all of it."""
