#!/bin/sh
# Asks the real Django again: writes data.json and vectors.jsonl. Needs Rust and Python 3 with venv; takes generate.py's options.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet -r requirements.txt
cargo run --quiet -p carbon-mock -- schema > "$work/schema.json"
"$work/venv/bin/python" generate.py "$work/schema.json" "$@"
