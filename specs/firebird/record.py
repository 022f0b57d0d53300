"""Builds a Firebird database from the models and rows of this repository, and records isql's answers.

The statements are handed over as `sqlexec` does: with `set list on;` in front for `-l`, and a final `;`.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
GROUPS = ("page", "grid", "random", "arithmetic", "dates", "text", "names")
ENV = dict(os.environ, LC_ALL="C.UTF-8", ISC_USER="SYSDBA")
TYPES = {
    "int": "INTEGER", "fk": "INTEGER", "bigint": "BIGINT", "money": "BIGINT", "flag": "SMALLINT",
    "string": "VARCHAR(255)", "text": "VARCHAR(8191)", "ip": "VARCHAR(45)", "date": "DATE", "datetime": "TIMESTAMP",
}


def isql(database, script, *options):
    """One run of isql over this input."""
    command = ["isql-fb", "-q", *options, "-ch", "UTF8", *([database] if database else [])]
    return subprocess.run(command, input=script.encode(), capture_output=True, env=ENV)


def models():
    """The contract's models, then the grid's."""
    found = [tomllib.loads(path.read_text()) for path in sorted((HERE.parent / "models").glob("*.toml"))]
    return found + json.loads((HERE / "grid_models.json").read_text())


def column(name, field):
    """The SQL column of a field."""
    return (field.get("sql") or (f"{name}_id" if field["type"] == "fk" else name).lower()).upper()


def sql_type(field):
    if field["type"] == "decimal":
        return f"NUMERIC(18,{field.get('places', 2)})"
    return TYPES[field["type"]]


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, (int, bool)):
        return str(int(value))
    return "'" + str(value).replace("'", "''") + "'"


def filled(field, fields, name):
    """The value given for a column, else its default, as the mock's store fills it in."""
    attribute = f"{name}_id" if field["type"] == "fk" else name
    if attribute in fields:
        return fields[attribute]
    if field.get("default") is not None:
        return None if field["default"] == "now" else field["default"]
    return "" if not field.get("null") and field["type"] in ("string", "text", "ip") else None


def definitions(all_models):
    for model in all_models:
        columns = [f'"{column(name, field)}" {sql_type(field)}' for name, field in model["fields"].items()]
        key = column(model["pk"], model["fields"][model["pk"]])
        columns = [f"{text} NOT NULL PRIMARY KEY" if text.startswith(f'"{key}"') else text for text in columns]
        table = model["table"].upper()
        yield f'CREATE TABLE "{table}" ({", ".join(columns)});'
        # The real database surely keeps its foreign keys in indexes; ours may dangle, so they are no constraints here.
        for number, (name, field) in enumerate(model["fields"].items()):
            if field["type"] == "fk":
                yield f'CREATE INDEX "{table[:24]}_{number}" ON "{table}" ("{column(name, field)}");'


def inserts(all_models, rows):
    by_name = {model["name"]: model for model in all_models}
    for name, entries in rows.items():
        model = by_name[name]
        columns = [column(field_name, field) for field_name, field in model["fields"].items()]
        quoted = ", ".join(f'"{name}"' for name in columns)
        for row in entries:
            values = [
                literal(row["pk"] if field_name == model["pk"] else filled(field, row["fields"], field_name))
                for field_name, field in model["fields"].items()
            ]
            yield f'INSERT INTO "{model["table"].upper()}" ({quoted}) VALUES ({", ".join(values)});'


def main():
    all_models = models()
    rows = json.loads((HERE / "rows.json").read_text()) | json.loads((HERE / "grid_rows.json").read_text())
    with tempfile.TemporaryDirectory() as directory:
        database = f"{directory}/mock.fdb"
        create = f"CREATE DATABASE '{database}' PAGE_SIZE 8192 DEFAULT CHARACTER SET UTF8;\n"
        built = isql(None, create)
        script = "\n".join([*definitions(all_models), "COMMIT;", *inserts(all_models, rows), "COMMIT;"]) + "\n"
        filled_in = isql(database, script)
        if built.returncode or built.stderr or filled_in.returncode or filled_in.stderr:
            raise SystemExit((built.stderr + filled_in.stderr).decode())
        version = isql(database, "show version;\n").stdout.decode()
        version = next((line for line in version.splitlines() if "LI-" in line), version).strip()
        recordings = []
        for group in GROUPS:
            for name, entry in tomllib.loads((HERE / f"{group}.toml").read_text()).items():
                text = ("set list on;\n" if entry.get("list") else "") + entry["sql"]
                answer = isql(database, text + ";\n")
                recordings.append({
                    "id": name, "group": group, "sql": text,
                    "stdout": answer.stdout.decode("utf-8", "replace").split("\n"),
                    "stderr": answer.stderr.decode("utf-8", "replace").split("\n"),
                    "exit": answer.returncode,
                })
    text = json.dumps({"firebird": version, "recordings": recordings}, ensure_ascii=False, indent=1)
    (HERE / "recordings.json").write_text(text + "\n")
    print(f"{len(recordings)} statements recorded")


if __name__ == "__main__":
    main()
