"""Prints the places on this host where another certificate is shown than its own, or none: shown.py PEM ADDRESS:PORT…

They speak TLS from the first byte. Nothing is told to them, not even a certificate: they show theirs before they ask.
"""

from __future__ import annotations

import socket
import ssl
import sys
from pathlib import Path

_TIMEOUT_S = 5
_END = "-----END CERTIFICATE-----"


def own(pem: Path) -> bytes:
    """The certificate of a file that holds one and its key."""
    first, _, _ = pem.read_text().partition(_END)
    return ssl.PEM_cert_to_DER_cert(first[first.index("-----BEGIN CERTIFICATE-----") :] + _END)


def shown(place: str) -> bytes | None:
    """The certificate that is shown at a place; None where nobody shows one."""
    address, _, port = place.rpartition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((address, int(port)), timeout=_TIMEOUT_S) as plain,
            context.wrap_socket(plain) as connection,
        ):
            return connection.getpeercert(binary_form=True)
    except OSError:
        return None


def main() -> None:
    """Asks all of them."""
    wanted = own(Path(sys.argv[1]))
    print("\n".join(place for place in sys.argv[2:] if shown(place) != wanted))


if __name__ == "__main__":
    main()
