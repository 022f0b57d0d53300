"""Every lookup and transform on every type of field, with values of every JSON type: calls in a fixed order."""

# The first field of its type in these models, one that may be NULL where there is one.
MODELS = ["Users", "Abonents", "AbonentsBlock", "UsersUsluga", "AdminAccounts", "FinanceOperationsDetail", "Counters"]
LOOKUPS = [
    "exact", "iexact", "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith", "in", "gt", "gte", "lt", "lte",
    "range", "isnull", "regex", "iregex",
]
TRANSFORMS = [
    "date", "year", "iso_year", "quarter", "month", "week", "day", "week_day", "iso_week_day", "time", "hour", "minute", "second",
]
# One of each kind of JSON, and the spellings that integrators try.
ODD = [None, True, False, 0, 1, 2, -5, 1.5, "", "1", " 7 ", "abc", "Тест", [], {}, [None], {"a": 1}]
DATES = [
    "2019-06-01", "2019-6-1", "2019-06-31", "2019-13-01", "2019-06-01 12:30:45", "2019-06-01T12:30:45", "2019-06-01 12:30",
    " 2019-06-01 ", "0000-01-01", "20190601", "01.06.2019", "2019-06-01Z", "2019-06-01 12:30:45.5", "2019-06-01 25:00:00",
]
NUMBERS = ["1.0", "1.5", "1e2", "+7", "4_5", 1e23, -1e23, 2**31, 2**63, "99999999999999999999", "0x10", "1,5", "nan", "inf"]
TIMES = ["12:30:45", "12:30", "25:00", "12", "12:30:45.5"]
LISTS = [[1, 2], ["1", "7"], [1, "abc"], [1, None, 2], [1], [1, 2, 3], ["2019-06-01", "2019-06-30"], [[1, 2]], [True, False], "17", 5]
# How a number is spelled as a text is the database's business, and here it is SQLite.
AS_TEXT = {"iexact", "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith", "regex", "iregex"}
# What a relation has.
RELATED = {"exact", "in", "gt", "gte", "lt", "lte", "isnull"}
TEXTUAL = {"string", "text", "ip"}


def examples(schema):
    """One field of each type, and one that may be NULL: (model, path, type)."""
    found = {}
    for name in MODELS:
        for field, kind in schema[name]["fields"].items():
            if field == schema[name]["pk"]:
                found.setdefault(("pk", False), (name, "pk", "int"))
            else:
                found.setdefault((kind["type"], kind["null"]), (name, field, kind["type"]))
    chosen = {}
    for (kind, null), place in found.items():
        if null or (kind, True) not in found:
            chosen[kind] = place
    return [*chosen.values(), ("Users", "abonent__tarif", "fk"), ("Abonents", "abonent_id_users", "fk"), ("Users", "abonent_id", "fk")]


def values(lookup, kind):
    if kind == "money":
        # Its field is ours, not Django's: what it takes is all that is asked.
        plain = [0, 1, -5, 1.5, "50.5", "0.0000000001", -1]
        return [[value, 50.5] for value in plain] if lookup in ("in", "range") else [True] if lookup == "isnull" else plain
    dates = DATES if kind in ("date", "datetime") else DATES[:1]
    numbers = NUMBERS if kind not in TEXTUAL | {"date", "datetime"} else NUMBERS[:1]
    if lookup in ("in", "range"):
        pairs = [[value, value] for value in [*ODD[:8], "abc", *dates, *numbers]]
        return [*ODD, *LISTS, *pairs]
    if lookup in ("regex", "iregex"):
        # What a pattern that is no text matches is the database's business.
        return [None, "", "1", "abc", "Тест", "^1", "т$", "[a-z]+"]
    if lookup == "isnull":
        # 0 and 1 are flags to the mock, as on the page, and nothing to Django.
        return [value for value in [*ODD, "true", "True", -1] if isinstance(value, bool) or value not in (0, 1)]
    return [*ODD, *dates, *numbers, [1, 2], ["a"]]


def grid(schema):
    for model, path, kind in examples(schema):
        for lookup in LOOKUPS:
            if kind in ("decimal", "money") and lookup in AS_TEXT:
                continue
            wanted = values(lookup, kind)
            if kind == "fk" and lookup not in RELATED:
                wanted = wanted[-1:]
            for value in wanted:
                yield asked(model, f"{path}__{lookup}", value)
        if kind == "money":
            continue
        for transform in TRANSFORMS:
            if kind not in ("date", "datetime"):
                yield asked(model, f"{path}__{transform}", 1)
                continue
            if kind == "date" and transform in ("date", "time", "hour", "minute", "second"):
                yield asked(model, f"{path}__{transform}", 1)
                yield asked(model, f"{path}__{transform}__gte", 1)
                continue
            for lookup in LOOKUPS:
                few = values(lookup, {"date": "date", "time": "time"}.get(transform, "int"))
                usual = [] if "regex" in lookup else TIMES if transform == "time" else [2019, 6]
                for value in [*few[::3], *usual]:
                    yield asked(model, f"{path}__{transform}__{lookup}", value)
        yield asked(model, f"{path}__nosuch", 1)
        yield asked(model, f"{path}__exact__exact", 1)


def asked(model, path, value):
    return {"model": model, "steps": [["filter", {path: value}], ["order_by", ["pk"]]]}
