"""One thing that a database lacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import psycopg

Connection = psycopg.Connection


@dataclass(frozen=True)
class Step:
    """kind and name say what is missing; run does it. in_transaction: in one of its own, so as a whole or not at all.

    A step outside of a transaction goes on where a run before it was stopped.
    """

    kind: str
    name: str
    run: Callable[[Connection], object]
    in_transaction: bool = True
