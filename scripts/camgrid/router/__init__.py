"""Reads and writes of one camera at the node that holds it: a router over psycopg's pools. See docs/router.md."""

from camgrid.router.async_router import AsyncRouter
from camgrid.router.errors import AmbiguousWriteError, RouterError, UnreachableError
from camgrid.router.settings import Settings
from camgrid.router.sync_router import Router

__all__ = ["AmbiguousWriteError", "AsyncRouter", "Router", "RouterError", "Settings", "UnreachableError"]
