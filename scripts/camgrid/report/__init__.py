"""Reports over all shards: what is asked, the query for it, and how the answer is shown."""
