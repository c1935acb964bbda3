"""Speaks to a port in several ways and prints as JSON how each was answered.

By standard input: {address, port, name, asks: whether TLS is asked for as in PostgreSQL's protocol, hello: the first
words, modes, and the PEM texts ca, pem, forged_ca, forged_pem}.
"""

import json
import socket
import ssl
import sys
import tempfile

SSL_REQUEST = bytes((0, 0, 0, 8, 4, 210, 22, 47))
told = json.load(sys.stdin)
hello = told["hello"].encode("latin-1")


def speak(mode: str) -> str:
    """What the port answers; OSError when it closes or refuses."""
    with socket.create_connection((told["address"], told["port"]), timeout=5) as raw:
        if mode == "plain":
            raw.sendall(hello)
            return "answered " + raw.recv(200).decode("latin-1")
        if told["asks"]:
            raw.sendall(SSL_REQUEST)
            if raw.recv(1) != b"S":
                raise OSError("no TLS")
        context = ssl.create_default_context(cadata=told["forged_ca" if mode == "forged server" else "ca"])
        if mode in ("trusted", "forged client"):
            with tempfile.NamedTemporaryFile("w") as pem:
                pem.write(told["pem" if mode == "trusted" else "forged_pem"])
                pem.flush()
                context.load_cert_chain(pem.name)
        with context.wrap_socket(raw, server_hostname=told["name"]) as tls:
            # A server refuses a client's certificate after its own part is done: with the first thing that is read.
            tls.settimeout(2)
            tls.sendall(hello)
            try:
                return "accepted " + tls.recv(200).decode("latin-1")
            except TimeoutError:
                return "accepted"


answers = {}
for mode in told["modes"]:
    try:
        answers[mode] = speak(mode)
    except OSError as error:
        answers[mode] = f"refused {error}"
print(json.dumps(answers))
