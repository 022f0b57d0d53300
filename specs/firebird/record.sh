#!/bin/sh
# Records what Firebird's isql prints for every statement of the `.toml` files here into `recordings.json`.
# Needs Debian's firebird3.0-server and firebird3.0-utils, and python3; touches nothing outside a temporary directory.
set -eu
cd "$(dirname "$0")"
for program in isql-fb python3; do
    command -v "$program" >/dev/null || { echo "missing: $program (apt-get install firebird3.0-server firebird3.0-utils python3)" >&2; exit 2; }
done
exec python3 record.py
