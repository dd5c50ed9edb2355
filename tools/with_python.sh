#!/bin/sh
# Runs the first Python that is new enough with the arguments given. PYTHON, when set, is the only candidate.
set -eu

for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$candidate" "$@"
    fi
done

if found=$("${PYTHON:-python3}" --version 2>&1); then
    problem="${PYTHON:-python3} is $found, which is too old"
else
    problem="${PYTHON:-python3} was not found"
fi
echo "set-up: $problem: Python 3.11 or newer is needed." >&2
echo "        Install it (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python)," >&2
echo "        or name the one to use: make setup PYTHON=/path/to/python3.12" >&2
exit 1
