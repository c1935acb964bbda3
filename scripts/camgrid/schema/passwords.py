"""Whether a role's stored SCRAM verifier belongs to a password (RFC 5803, RFC 7677)."""

from __future__ import annotations

import base64
import hashlib
import hmac


def matches(verifier: str | None, password: str) -> bool:
    """verifier: pg_authid.rolpassword, such as SCRAM-SHA-256$4096:salt$stored:server; None without a password."""
    if not verifier or not verifier.startswith("SCRAM-SHA-256$"):
        return False
    settings, keys = verifier.removeprefix("SCRAM-SHA-256$").split("$")
    iterations, salt = settings.split(":")
    stored = keys.split(":")[0]
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(iterations))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), base64.b64decode(stored))
