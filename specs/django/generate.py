#!/usr/bin/env python3
"""Asks the real Django what it answers, and records it for the Rust tests.

    pip install -r requirements.txt
    cargo run -p carbon-mock -- schema > schema.json
    python3 generate.py schema.json --seed 1 --random 4000     # writes data.json and vectors.jsonl

Builds Django models from the mock's own schema, fills an SQLite database with random rows, runs hand-written and random
chains of QuerySet calls and writes down the rows, values or errors. `data.json` is a state file of the mock.

SQLite stands for the database only where databases agree. Where Firebird differs, this program follows Firebird: text equality
ignores trailing blanks (collation RTRIM), `contains`, `startswith` and `endswith` tell case apart, and their `i` forms compare
upper-cased text with Cyrillic (Python functions).
"""

import argparse
import datetime
import json
import random
import os
import sys
import types
from decimal import Decimal

import django
from django.conf import settings

# Reverse relations are looked for in installed applications only: make one for the models built below.
application = types.ModuleType("billing")
application.__path__ = [os.path.dirname(os.path.abspath(__file__))]
sys.modules["billing"] = application

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["billing"],
    USE_TZ=False,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()

from django.core.exceptions import FieldError, MultipleObjectsReturned, ObjectDoesNotExist, ValidationError  # noqa: E402
from django.db import OperationalError, connection, models  # noqa: E402
from django.db.backends.signals import connection_created  # noqa: E402
from django.db.models import lookups  # noqa: E402

SCALE = 10**10


class MoneyField(models.BigIntegerField):
    """Rubles outside, an integer scaled by 10^10 inside."""

    def get_prep_value(self, value):
        if value is None:
            return None
        try:
            return int(Decimal(str(value).strip()) * SCALE)
        except ArithmeticError:
            raise ValidationError("“%s” value must be a decimal number." % value)

    def from_db_value(self, value, expression, connection):
        return None if value is None else Decimal(value) / Decimal(SCALE)


def firebird_text(sender, connection, **kwargs):
    raw = connection.connection
    raw.create_function("fb_contains", 2, lambda a, b: None if a is None else str(b) in str(a))
    raw.create_function("fb_starts", 2, lambda a, b: None if a is None else str(a).startswith(str(b)))
    raw.create_function("fb_ends", 2, lambda a, b: None if a is None else str(a).endswith(str(b)))
    raw.create_function("fb_same", 2, lambda a, b: None if a is None else str(a).rstrip(" ") == str(b).rstrip(" "))
    raw.create_function("fb_upper", 1, lambda a: None if a is None else str(a).upper())


connection_created.connect(firebird_text)


def text_lookup(base, function, any_case):
    class Lookup(base):
        def as_sqlite(self, compiler, connection):
            lhs, params = compiler.compile(self.lhs)
            value = str(self.rhs)
            if any_case:
                lhs, value = "fb_upper(%s)" % lhs, value.upper()
            return "%s(%s, %%s)" % (function, lhs), [*params, value]

    Lookup.__name__ = base.__name__
    return Lookup


TEXT_LOOKUPS = [
    text_lookup(lookups.Contains, "fb_contains", False),
    text_lookup(lookups.IContains, "fb_contains", True),
    text_lookup(lookups.StartsWith, "fb_starts", False),
    text_lookup(lookups.IStartsWith, "fb_starts", True),
    text_lookup(lookups.EndsWith, "fb_ends", False),
    text_lookup(lookups.IEndsWith, "fb_ends", True),
]


class IExact(lookups.IExact):
    def as_sqlite(self, compiler, connection):
        lhs, params = compiler.compile(self.lhs)
        return "fb_same(fb_upper(%s), %%s)" % lhs, [*params, str(self.rhs).upper()]


for cls in (models.CharField, models.TextField, models.IntegerField, models.DateField, models.DateTimeField):
    for lookup in [*TEXT_LOOKUPS, IExact]:
        cls.register_lookup(lookup)

# The models that calls start from.
CHOSEN = [
    "Abonents", "Users", "Tarif", "AbonentsBlock", "UsersUsluga", "Usluga", "AdminAccounts", "AttributeValues",
    "UserAttributes", "Homes", "FinanceOperations", "TarifRadiusParams",
]
ROWS = {"Abonents": 24, "Users": 30, "UsersUsluga": 24, "AbonentsBlock": 10}


def build(schema, wanted):
    built = {}
    for name in wanted:
        spec = schema[name]
        attrs = {"__module__": __name__}
        for field, kind in spec["fields"].items():
            null = kind["null"]
            if field == spec["pk"]:
                attrs[field] = models.IntegerField(primary_key=True)
            elif kind["type"] == "fk":
                if kind["to"] not in wanted:
                    continue
                attrs[field] = models.ForeignKey(
                    kind["to"], null=null, on_delete=models.DO_NOTHING, db_constraint=False, related_name=kind["related_name"]
                )
            else:
                attrs[field] = {
                    "string": lambda: models.CharField(max_length=255, null=null, db_collation="RTRIM"),
                    "ip": lambda: models.CharField(max_length=64, null=null, db_collation="RTRIM"),
                    "text": lambda: models.TextField(null=null, db_collation="RTRIM"),
                    "int": lambda: models.IntegerField(null=null),
                    "bigint": lambda: models.BigIntegerField(null=null),
                    "flag": lambda: models.SmallIntegerField(null=null),
                    "decimal": lambda: models.DecimalField(max_digits=20, decimal_places=kind.get("places", 2), null=null),
                    "money": lambda: MoneyField(null=null),
                    "date": lambda: models.DateField(null=null),
                    "datetime": lambda: models.DateTimeField(null=null),
                }[kind["type"]]()
        meta = type("Meta", (), {"app_label": "billing", "db_table": spec["table"]})
        built[name] = type(name, (models.Model,), {**attrs, "Meta": meta})
    with connection.schema_editor() as editor:
        for model in built.values():
            editor.create_model(model)
    return built


TEXTS = ["", "test", "test  ", "Тест", "ТЕСТ", "тест", "100", "BILL0000021", "a%b", "x_y", "Ленина", "ленина", "1.1.1.1", "7"]
DAYS = [datetime.date(2019, 5, 31), datetime.date(2019, 6, 1), datetime.date(2019, 6, 30), datetime.date(2020, 2, 29), datetime.date(2022, 1, 1)]
TIMES = [(0, 0, 0), (12, 30, 45), (23, 59, 59)]


def value_for(rng, kind, pks):
    if kind["null"] and rng.random() < 0.3:
        return None
    t = kind["type"]
    if t in ("string", "text", "ip"):
        return rng.choice(TEXTS)
    if t == "fk":
        return rng.choice(pks[kind["to"]])
    if t in ("int", "bigint"):
        return rng.choice([-5, 0, 1, 2, 7, 8, 100, 1360])
    if t == "flag":
        return rng.choice([0, 1])
    if t == "money":
        return rng.choice([0, 5 * 10**9, -(10**10), 505 * 10**9, -(5000 * 10**10)])
    if t == "decimal":
        return str(rng.choice([Decimal("0"), Decimal("1.5"), Decimal("-2.25"), Decimal("100")]).quantize(Decimal(10) ** -kind.get("places", 2)))
    if t == "date":
        return rng.choice(DAYS).isoformat()
    day, time = rng.choice(DAYS), rng.choice(TIMES)
    return datetime.datetime.combine(day, datetime.time(*time)).strftime("%Y-%m-%d %H:%M:%S")


def make_data(rng, schema, wanted):
    pks = {name: [n + 1 for n in range(ROWS.get(name, 6))] for name in wanted}
    state = {}
    for name in wanted:
        spec = schema[name]
        rows = []
        for pk in pks[name]:
            fields = {}
            for field, kind in spec["fields"].items():
                if field == spec["pk"]:
                    continue
                column = kind.get("column", field)
                if kind["type"] == "fk" and kind["to"] not in wanted:
                    fields[column] = None
                else:
                    fields[column] = value_for(rng, kind, pks)
            rows.append({"pk": pk, "fields": fields})
        state[name] = rows
    make_sound(state)
    return state


def make_sound(state):
    """What no sequence of calls could have made, a mock refuses: folders in themselves, one login or address for two."""
    for row in state.get("Abonents", []):
        if (row["fields"].get("parent_id") or 0) >= row["pk"]:
            row["fields"]["parent_id"] = None
    for column in ("login", "ip"):
        seen = set()
        for row in state.get("Users", []):
            value = (row["fields"].get(column) or "").strip().casefold()
            if value and value in seen:
                row["fields"][column] = None
            seen.add(value)


def store(state, schema, built):
    for name, rows in state.items():
        spec = schema[name]
        for row in rows:
            values = {spec["pk"]: row["pk"]}
            for field, kind in spec["fields"].items():
                column = kind.get("column", field)
                if field == spec["pk"] or (kind["type"] == "fk" and kind["to"] not in built):
                    continue
                value = row["fields"][column]
                if kind["type"] == "money" and value is not None:
                    value = Decimal(value) / SCALE
                values[column] = value
            built[name].objects.create(**values)


class Caller:
    """Random calls over what there is."""

    def __init__(self, rng, schema, state, wanted):
        self.rng, self.schema, self.state, self.wanted = rng, schema, state, wanted
        self.reverse = {name: [] for name in wanted}
        for name in wanted:
            for field, kind in schema[name]["fields"].items():
                if kind["type"] == "fk" and kind["to"] in wanted:
                    self.reverse[kind["to"]].append((kind["related_name"], name))

    def fields(self, name, *types):
        return [
            (field, kind)
            for field, kind in self.schema[name]["fields"].items()
            if (not types or kind["type"] in types) and (kind["type"] != "fk" or kind["to"] in self.wanted)
        ]

    def walk(self, name, depth):
        """A path of links from a model: (prefix, model reached)."""
        prefix = ""
        while depth > 0 and self.rng.random() < 0.55:
            links = [(field, kind["to"]) for field, kind in self.fields(name, "fk")] + self.reverse[name]
            if not links:
                break
            link, name = self.rng.choice(links)
            prefix += link + "__"
            depth -= 1
        return prefix, name

    def condition(self, name):
        rng = self.rng
        prefix, end = self.walk(name, 3)
        roll = rng.random()
        if roll < 0.04:
            return prefix + rng.choice(["nosuch", "pk__nosuch", "id__isnul"]), 1
        if roll < 0.16 and prefix:
            link = prefix[:-2]
            return rng.choice([
                (link + "__isnull", rng.choice([True, False])),
                (link, rng.choice([1, 2, "3", None])),
                (link + "__in", [1, 2, 5]),
                (prefix + "pk", rng.choice([1, "2"])),
            ])
        field, kind = rng.choice(self.fields(end))
        path, t = prefix + field, kind["type"]
        if roll < 0.3:
            return path + "__isnull", rng.choice([True, False])
        if t == "fk":
            return rng.choice([
                (path, rng.choice([1, 2, "3", None])),
                (path + "_id", rng.choice([1, "2", None])),
                (path + "__pk", rng.choice([1, 4])),
                (path + "__in", [1, 3, 4]),
                (path + "__gt", 2),
            ])
        known = [row["fields"].get(field) for row in self.state[end]] if field != self.schema[end]["pk"] else [1, 2, 3, 4]
        if t == "money":
            known = [None if value is None else str(Decimal(value) / SCALE) for value in known]
        sample = rng.choice(known)
        if t in ("string", "text", "ip"):
            lookup = rng.choice(["", "__iexact", "__contains", "__icontains", "__startswith", "__istartswith", "__endswith", "__iendswith", "__in", "__gt", "__gte", "__lt", "__lte", "__range", "__regex", "__iregex"])
            if lookup in ("__regex", "__iregex"):
                return path + lookup, rng.choice(["^1", "т$", "[a-z]"])
            if lookup == "__range":
                return path + lookup, ["1", "t"]
            text = sample if sample is not None else rng.choice(TEXTS)
            if lookup not in ("", "__in") and rng.random() < 0.4:
                text = text[:2]
            return path + lookup, [text, "Тест", None] if lookup == "__in" else text
        if t in ("date", "datetime") and rng.random() < 0.4:
            part = rng.choice(["year", "month", "day", "week", "week_day", "quarter"] + (["hour", "minute", "second", "date"] if t == "datetime" else []))
            if part == "date":
                return path + "__date" + rng.choice(["", "__gte", "__lt"]), rng.choice(DAYS).isoformat()
            numbers = [2019, 2020, 2022] if part == "year" else [0, 1, 2, 5, 6, 12, 30]
            lookup = rng.choice(["", "__gt", "__gte", "__lt", "__lte", "__in", "__range", "__isnull"])
            if lookup == "__isnull":
                return path + "__" + part + lookup, rng.choice([True, False])
            if lookup in ("__in", "__range"):
                return path + "__" + part + lookup, sorted(rng.sample(numbers, 2))
            return path + "__" + part + lookup, rng.choice(numbers)
        if t in ("int", "bigint", "flag", "date", "datetime") and rng.random() < 0.1:
            lookup = rng.choice(["contains", "icontains", "startswith", "istartswith", "endswith", "iendswith", "regex", "iregex"])
            return path + "__" + lookup, rng.choice(["1", "20", "5$" if "regex" in lookup else "5"])
        lookup = rng.choice(["", "__exact", "__in", "__gt", "__gte", "__lt", "__lte", "__range"])
        if rng.random() < 0.05:
            return path + lookup, "wrong" if lookup not in ("__in", "__range") else ["wrong", "value"]
        if lookup == "__range":
            pair = sorted([str(v) for v in rng.sample([v for v in known if v is not None] or ["0"], 1)] * 2) if t in ("date", "datetime") else [0, 7]
            if t in ("date", "datetime"):
                pair = ["2019-06-01", "2019-06-30"]
            return path + lookup, pair
        if lookup == "__in":
            return path + lookup, [value for value in (sample, rng.choice(known)) if value is not None]
        if sample is None and lookup not in ("", "__exact"):
            sample = {"date": "2019-06-01", "datetime": "2019-06-01"}.get(t, 1)
        if t in ("int", "bigint", "flag") and sample is not None and rng.random() < 0.3:
            sample = str(sample)
        return path + lookup, sample

    def call(self):
        rng = self.rng
        name = rng.choice([n for n in self.wanted if n in CHOSEN])
        steps = []
        for _ in range(rng.choice([1, 1, 1, 2, 2, 3])):
            kwargs = dict(self.condition(name) for _ in range(rng.choice([1, 1, 2, 3])))
            steps.append([rng.choice(["filter", "filter", "exclude"]), kwargs])
        roll = rng.random()
        if roll < 0.15:
            steps.append(["distinct", {}])
        if rng.random() < 0.06:
            steps.append([rng.choice(["none", "reverse"]), {}])
        if 0.1 < roll < 0.3:
            prefix, end = self.walk(name, 2)
            field, _ = rng.choice(self.fields(end))
            steps.append(["order_by", [rng.choice(["", "-"]) + prefix + field, "pk"]])
        if roll > 0.85:
            steps.append([rng.choice(["count", "exists", "get", "first", "last"]), {}])
        elif roll > 0.8:
            # By what no two rows have in common: which of equals comes first is the database's business.
            steps.append([rng.choice(["latest", "earliest"]), ["pk"]])
        elif roll > 0.65 or 0.22 < roll < 0.3:
            paths = []
            for _ in range(rng.choice([1, 2])):
                prefix, end = self.walk(name, 2)
                paths.append(prefix + rng.choice(self.fields(end))[0])
            if roll < 0.3:
                # Ordered by all that is shown, equal rows are alike, and their order can be compared.
                steps[-1] = ["order_by", sorted(set(paths)) + ["pk"]]
            steps.append([rng.choice(["values", "values_list"]), sorted(set(paths))])
            if rng.random() < 0.2:
                steps.append([rng.choice(["count", "exists", "distinct"]), {}])
        return {"model": name, "steps": steps}


def plain(value):
    if isinstance(value, Decimal):
        return str(value) if value != 0 or value.as_tuple().exponent < 0 else "0"
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value


def agrees_with_itself(call, built, result):
    """Whether Django answers the same with the conditions of each exclude() the other way round.

    It does not where the subquery of a many-valued condition takes the alias T3 that the outer query gave to a
    self-join: a fault of Django's that depends on the alphabetical order of the conditions.
    """
    if not any(method == "exclude" and len(arg) > 1 for method, arg in call["steps"]):
        return True
    turned = [
        [method, [models.Q(**{path: arg[path]}) for path in sorted(arg, reverse=True)]] if method == "exclude" else [method, arg]
        for method, arg in call["steps"]
    ]
    other = run({**call, "steps": turned}, built)
    key = next(iter(result))
    if isinstance(result[key], list) and isinstance(other.get(key), list):
        return sorted(map(str, result[key])) == sorted(map(str, other[key]))
    return key in other and (key == "error" or result[key] == other[key])


def run(call, built):
    subject = built[call["model"]].objects
    try:
        ordered = False
        for method, arg in call["steps"]:
            target = getattr(subject, method)
            subject = target(*arg) if isinstance(arg, list) else target(**arg)
            ordered = ordered or method == "order_by"
        if isinstance(subject, models.QuerySet):
            rows = list(subject)
            if rows and isinstance(rows[0], dict):
                return {"rows": [{k: plain(v) for k, v in row.items()} for row in rows], "ordered": ordered}
            if rows and isinstance(rows[0], tuple):
                return {"rows": [[plain(v) for v in row] for row in rows], "ordered": ordered}
            return {"pks": [row.pk for row in rows], "ordered": ordered}
        if isinstance(subject, models.Model):
            return {"pk": subject.pk}
        return {"value": subject}
    except OperationalError as error:
        # The alias fault that the README tells of, where the column compared is in neither table.
        return {"error": "OperationalError", "text": str(error)}
    except (FieldError, ObjectDoesNotExist, MultipleObjectsReturned, ValidationError, ValueError, TypeError) as error:
        name = type(error).__name__
        if isinstance(error, ObjectDoesNotExist):
            name = "DoesNotExist"
        if isinstance(error, MultipleObjectsReturned):
            name = "MultipleObjectsReturned"
        return {"error": name, "text": str(error)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("schema")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--random", type=int, default=4000)
    parser.add_argument("--data", default="data.json")
    parser.add_argument("--vectors", default="vectors.jsonl")
    args = parser.parse_args()
    with open(args.schema, encoding="utf-8") as file:
        schema = json.load(file)["models"]
    rng = random.Random(args.seed)
    wanted = list(schema)
    built = build(schema, wanted)
    state = make_data(rng, schema, wanted)
    store(state, schema, built)
    with open(args.data, "w", encoding="utf-8") as file:
        json.dump(state, file, ensure_ascii=False, indent=0)
        file.write("\n")
    calls = []
    try:
        with open("handwritten.json", encoding="utf-8") as file:
            calls += json.load(file)
    except FileNotFoundError:
        pass
    caller = Caller(rng, schema, state, wanted)
    calls += [caller.call() for _ in range(args.random)]
    answered = [(call, run(call, built)) for call in calls]
    crashed = [call for call, result in answered if result.get("error") == "OperationalError"]
    sound = [(call, result) for call, result in answered if result.get("error") != "OperationalError"]
    kept = [(call, result) for call, result in sound if agrees_with_itself(call, built, result)]
    errors = 0
    with open(args.vectors, "w", encoding="utf-8") as file:
        file.write(json.dumps({"django": django.__version__, "seed": args.seed, "calls": len(kept)}) + "\n")
        for call, result in kept:
            errors += "error" in result
            file.write(json.dumps({**call, **result}, ensure_ascii=False) + "\n")
    if crashed:
        print(f"{len(crashed)} left out, for which Django makes no SQL that runs", file=sys.stderr)
    left = len(sound) - len(kept)
    print(f"{len(kept)} calls, {errors} of them errors, Django {django.__version__}", file=sys.stderr)
    if left:
        print(f"{left} left out, for Django's answer depends on the order of exclude()'s conditions", file=sys.stderr)


if __name__ == "__main__":
    main()
