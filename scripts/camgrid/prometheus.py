"""Asks a Prometheus for what it has now."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.parse
import urllib.request
from dataclasses import dataclass

from camgrid.errors import CamgridError

_TIMEOUT_S = 5


@dataclass(frozen=True)
class Sample:
    """The value of one series."""

    name: str
    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus at an https address. certificate: shown to it, with its key in the same file."""

    url: str
    certificate: str
    ca_certificate: str

    def query(self, expression: str) -> list[Sample]:
        """Every series that an expression gives now. CamgridError when it does not answer, or not in its own words."""
        query = urllib.parse.urlencode({"query": expression})
        try:
            context = ssl.create_default_context(cafile=self.ca_certificate)
            context.load_cert_chain(self.certificate)
            url = f"{self.url}/api/v1/query?{query}"
            with urllib.request.urlopen(url, timeout=_TIMEOUT_S, context=context) as answer:  # noqa: S310  always https
                told = json.load(answer)["data"]["result"]
            return [
                Sample(each["metric"].get("__name__", ""), each["metric"], float(each["value"][1])) for each in told
            ]
        except (OSError, http.client.HTTPException) as error:
            raise CamgridError(f"Prometheus does not answer: {error}", where=self.url) from error
        except (LookupError, TypeError, ValueError) as error:
            raise CamgridError(f"what answers is no Prometheus: {error!r}", where=self.url) from error
