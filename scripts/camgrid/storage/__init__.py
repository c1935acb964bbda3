"""Volumes: drives made into mounted file systems. volumes: what an inventory may say; plan: what a host then does."""

from camgrid.storage.plan import plan, reserve_mb
from camgrid.storage.volumes import parse, problems, wal_directory

__all__ = ["parse", "plan", "problems", "reserve_mb", "wal_directory"]
