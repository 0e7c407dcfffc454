"""Writes the bindings of other languages from the public headers and from the rows.

    python3 tools/bindings WEIR            writes what has changed
    python3 tools/bindings WEIR --check    says what would change, and exits with 1 where some would

WEIR is the command, whose `list --json` gives the rows. Only the standard library is needed.
"""

import json
import subprocess
import sys
from pathlib import Path

import fortran
import headers
import python

TOP = Path(__file__).resolve().parents[2]


def rows(command: str) -> list[dict]:
    text = subprocess.run([command, "list", "--json"], check=True, capture_output=True).stdout
    return json.loads(text)


def main() -> int:
    arguments = [a for a in sys.argv[1:] if a != "--check"]
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.stderr.write(__doc__)
        return 2
    read = headers.read_all(TOP / "include" / "weir")
    listed = rows(arguments[0])
    files = {**python.files(read, listed), **fortran.files(read, listed)}
    stale = [p for p, text in files.items()
             if not (TOP / p).exists() or (TOP / p).read_text() != text]
    for path in stale:
        if "--check" in sys.argv:
            print(f"{path}: stale: expected what tools/bindings writes")
        else:
            (TOP / path).write_text(files[path])
            print(path)
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
