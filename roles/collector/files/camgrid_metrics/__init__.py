"""Tells Prometheus what no exporter brings: shards, jobs, replication, archives and certificates of the cluster."""
