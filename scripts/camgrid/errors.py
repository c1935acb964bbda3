"""Errors that a user can act on: what happened, where, and what to do next."""

from __future__ import annotations

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_UNHEALTHY = 3
EXIT_INTERRUPTED = 130


class CamgridError(Exception):
    """A failure with a place and a next step; shown without a traceback.

    what: one sentence; where: host and port, file and line, or variable; hint: what to do next.
    """

    exit_code = EXIT_FAILED

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.hint = what, where, hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  next: {self.hint}" if self.hint else text


class UsageError(CamgridError):
    """The command, its options or its input files are wrong; nothing was changed."""

    exit_code = EXIT_USAGE


class UnhealthyError(CamgridError):
    """The cluster answers, and is not as it should be."""

    exit_code = EXIT_UNHEALTHY
