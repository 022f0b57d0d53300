"""Django models built from the mock's own schema, over an SQLite database that answers as Firebird does.

SQLite stands for the database only where databases agree. Where Firebird differs, this module follows Firebird: text equality
ignores trailing blanks (collation RTRIM), `contains`, `startswith` and `endswith` tell case apart, and their `i` forms compare
upper-cased text with Cyrillic (Python functions).
"""

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

from django.core.exceptions import ValidationError  # noqa: E402
from django.db import connection, models  # noqa: E402
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

    def to_python(self, value):
        return None if value is None else Decimal(str(value))

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

def build(schema, wanted):
    built = {}
    for name in wanted:
        spec = schema[name]
        attrs = {"__module__": __name__}
        for field, kind in spec["fields"].items():
            null = kind["null"]
            if field == spec["pk"]:
                attrs[field] = models.AutoField(primary_key=True)
            elif kind["type"] == "fk":
                if kind["to"] not in wanted:
                    continue
                attrs[field] = models.ForeignKey(
                    kind["to"], null=null, on_delete=models.DO_NOTHING, db_constraint=False, related_name=kind["related_name"]
                )
            else:
                default = {"default": kind["default"]} if kind.get("default") is not None else {}
                attrs[field] = {
                    "string": lambda: models.CharField(max_length=255, null=null, **default, db_collation="RTRIM"),
                    "ip": lambda: models.CharField(max_length=64, null=null, **default, db_collation="RTRIM"),
                    "text": lambda: models.TextField(null=null, **default, db_collation="RTRIM"),
                    "int": lambda: models.IntegerField(null=null, **default),
                    "bigint": lambda: models.BigIntegerField(null=null, **default),
                    "flag": lambda: models.SmallIntegerField(null=null, **default),
                    "decimal": lambda: models.DecimalField(max_digits=20, decimal_places=kind.get("places", 2), null=null, **default),
                    "money": lambda: MoneyField(null=null, **default),
                    "date": lambda: models.DateField(null=null, **default),
                    "datetime": lambda: models.DateTimeField(null=null, **default),
                }[kind["type"]]()
        meta = type("Meta", (), {"app_label": "billing", "db_table": spec["table"]})
        built[name] = type(name, (models.Model,), {**attrs, "Meta": meta})
    with connection.schema_editor() as editor:
        for model in built.values():
            editor.create_model(model)
    return built


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
