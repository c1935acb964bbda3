"""Shards of counting_results: where they are, how large and how busy, and a shard of its own for a busy camera."""
