"""How far an import is: one row of camgrid.import_log, changed in the transaction of every chunk."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import psycopg

from camgrid import queries
from camgrid.errors import CamgridError


@dataclass(frozen=True)
class Progress:
    """What is committed. lines_done counts lines of the file, its header included; rejects_bytes is how long
    the rejects file was at that moment."""

    lines_done: int = 0
    rows_stored: int = 0
    rows_present: int = 0
    rows_rejected: int = 0
    rejects_bytes: int = 0
    finished_at: datetime | None = None

    @property
    def rows(self) -> int:
        """Rows of the file that are dealt with."""
        return self.rows_stored + self.rows_present + self.rows_rejected


class Log:
    """The import_log row of one import."""

    def __init__(self, key: str, file_name: str) -> None:
        self.key, self.file_name = key, file_name

    def begin(self, connection: psycopg.Connection) -> Progress:
        """Where the import stands; nothing done when it is new."""
        with connection.transaction():
            connection.execute(
                "INSERT INTO camgrid.import_log (import_key, file_name) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                (self.key, self.file_name),
            )
            return self.read(connection)

    def read(self, connection: psycopg.Connection) -> Progress:
        """Where the import stands, locked against others until the transaction ends."""
        row = connection.execute(queries.text("import_resume"), {"key": self.key}).fetchone()
        if row is None:
            raise CamgridError("somebody removed this import from camgrid.import_log", hint="run it again")
        return Progress(*row)

    def write(self, connection: psycopg.Connection, progress: Progress) -> None:
        """Records progress; the caller's transaction decides whether it came true."""
        values = asdict(progress) | {"key": self.key, "finished": progress.finished_at is not None}
        connection.execute(queries.text("import_advance"), values)
