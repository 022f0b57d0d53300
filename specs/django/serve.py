#!/usr/bin/env python3
"""Serves the rows of a state file through the real Django, in the protocol of the page: another server for the harness.

    carbon-mock schema > schema.json
    carbon-mock state > state.json
    python3 serve.py schema.json state.json --listen 127.0.0.1:8083
    carbon-harness check --target http://127.0.0.1:8083

Only what Django itself does is here: QuerySets, `set`, `save`, `delete`, `fields`. Changes are made at once. The billing's own methods
and properties are missing, and are answered with an error, as by any server that does not have them.
"""

import argparse
import http.server
import json
import urllib.parse

import orm
from answers import advance
from django.db import connection
from projection import Refused, shown

API = "/rest_api/v2/"


class Billing:
    def __init__(self, schema, state):
        self.schema = schema
        self.built = orm.build(schema, list(schema))
        self.names = {name.lower(): name for name in schema}
        orm.store(state, schema, self.built)

    def answer(self, path, body):
        name = path[len(API) :].strip("/")
        if name.lower() not in self.names:
            raise Refused(f"Unknown model '{name}'")
        model = self.built[self.names[name.lower()]]
        form = dict(urllib.parse.parse_qsl(body, keep_blank_values=True, encoding="utf-8", errors="strict"))
        numbers = sorted(int(key[6:]) for key in form if key.startswith("method") and key[6:].isdigit())
        if not numbers:
            raise Refused("no method is called")
        subject = model.objects
        for place, number in enumerate(numbers):
            method, arg = form[f"method{number}"], json.loads(form.get(f"arg{number}") or "{}")
            if place == 0:
                if not method.startswith("objects."):
                    raise Refused(f"no method '{method}'")
                method = method[len("objects.") :]
            subject = advance(subject, method, arg)
        fields = json.loads(form["fields"]) if form.get("fields") else None
        return shown(subject, fields)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.reply(200, "text/html", b"<html><body>models</body></html>" if self.path == API else b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reply = {"call": self.path}
        try:
            reply["result"] = self.server.billing.answer(self.path, body.decode("utf-8"))
        except Exception as error:  # Whatever Django objects to is the API's `error`.
            reply["error"] = str(error) or type(error).__name__
        self.reply(200, "application/json", json.dumps(reply).encode())

    def reply(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("schema")
    parser.add_argument("state")
    parser.add_argument("--listen", default="127.0.0.1:8083")
    args = parser.parse_args()
    with open(args.schema, encoding="utf-8") as file:
        schema = json.load(file)["models"]
    with open(args.state, encoding="utf-8") as file:
        state = json.load(file)
    host, port = args.listen.rsplit(":", 1)
    # One thread: the database is in memory and belongs to it.
    server = http.server.HTTPServer((host, int(port)), Handler)
    server.billing = Billing(schema, state)
    connection.ensure_connection()
    print(f"listening on http://{host}:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
