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
import datetime
import http.server
import json
import urllib.parse
from decimal import Decimal

import generate
from django.db import connection, models

API = "/rest_api/v2/"


class Refused(Exception):
    """A call that is none."""


class Billing:
    def __init__(self, schema, state):
        self.schema = schema
        self.built = generate.build(schema, list(schema))
        self.names = {name.lower(): name for name in schema}
        generate.store(state, schema, self.built)

    def answer(self, path, body):
        name = path[len(API) :].strip("/")
        if name.lower() not in self.names:
            raise Refused(f"Unknown model '{name}'")
        model = self.built[self.names[name.lower()]]
        form = dict(urllib.parse.parse_qsl(body, keep_blank_values=True, encoding="utf-8", errors="strict"))
        numbers = sorted(int(key[6:]) for key in form if key.startswith("method") and key[6:].isdigit())
        if not numbers:
            raise Refused("no method is called")
        subject = None
        for number in numbers:
            arg = json.loads(form.get(f"arg{number}") or "{}")
            subject = self.step(model, subject, form[f"method{number}"], arg)
        fields = json.loads(form["fields"]) if form.get("fields") else None
        return self.plain(subject, fields)

    def step(self, model, subject, method, arg):
        if method.startswith("objects."):
            subject, method = model.objects, method[len("objects.") :]
        if subject is None or method.startswith("_"):
            raise Refused(f"no method '{method}'")
        if isinstance(subject, models.Model) and method == "set":
            return self.assign(subject, arg)
        target = getattr(subject, method)
        result = target(*arg) if isinstance(arg, list) else target(**arg)
        return subject if method == "save" else None if method == "delete" else result

    def assign(self, row, values):
        fields = {field.name: field for field in row._meta.concrete_fields}
        columns = {field.attname for field in row._meta.concrete_fields}
        for name, value in values.items():
            field = fields.get(name)
            if field is not None and field.is_relation:
                name = field.attname
            elif name not in columns:
                raise Refused(f"no field '{name}'")
            setattr(row, name, value)
        row.full_clean(validate_unique=False)
        return row

    def plain(self, subject, fields):
        if isinstance(subject, models.QuerySet):
            return [self.plain(item, fields) for item in subject]
        if isinstance(subject, models.Model):
            return self.row(subject, fields)
        if isinstance(subject, dict):
            return {str(key): self.plain(value, fields) for key, value in subject.items()}
        if isinstance(subject, (list, tuple)):
            return [self.plain(item, fields) for item in subject]
        return value(subject)

    def row(self, row, fields):
        name = type(row).__name__
        if not fields:
            columns = [field.attname for field in row._meta.concrete_fields if not field.primary_key]
            return {"pk": row.pk, "model": name, "fields": {column: self.column(row, column) for column in columns}}
        return {"pk": row.pk, "model": name, "fields": self.paths(row, [path.split("__") for path in fields])}

    def paths(self, row, paths):
        heads, rest = {}, {}
        known = {field.name: field for field in row._meta.get_fields()}
        for head, *tail in paths:
            rest.setdefault(head, [])
            if tail:
                rest[head].append(tail)
        for head, tails in rest.items():
            link = known.get(head)
            if link is not None and link.is_relation and link.many_to_one:
                heads[link.attname] = value(getattr(row, link.attname))
                target = getattr(row, head)
                heads[head] = None if target is None else self.below(target, tails)
            elif link is not None and link.is_relation:
                heads[head] = [self.below(item, tails) for item in getattr(row, head).order_by("pk")]
            elif tails:
                raise Refused(f"'{head}' is no relation of {type(row).__name__}")
            else:
                heads[head] = row.pk if head == "pk" else self.column(row, head)
        return heads

    def below(self, row, tails):
        return self.row(row, None) if not tails else {
            "pk": row.pk, "model": type(row).__name__, "fields": self.paths(row, tails)
        }

    def column(self, row, column):
        columns = {field.attname: field for field in row._meta.concrete_fields}
        if column not in columns:
            raise Refused(f"{type(row).__name__} has no field '{column}'")
        return value(columns[column].to_python(getattr(row, column)) if not columns[column].is_relation else getattr(row, column))


def value(value):
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value


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
