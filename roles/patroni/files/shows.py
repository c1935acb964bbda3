"""Ends with 2 when Patroni's REST API at an address shows another certificate than the first one in a file, with 3 when
it does not answer or there is no such file yet."""

import ssl
import sys
from pathlib import Path

try:
    wanted = Path(sys.argv[2]).read_text()
    shown = ssl.get_server_certificate((sys.argv[1], 8008), timeout=5)
except OSError as error:
    print(error, file=sys.stderr)
    sys.exit(3)
sys.exit(0 if shown.strip() in wanted else 2)
