"""Random rows for the models, such as a mock takes as its state."""

import datetime
from decimal import Decimal

ROWS = {"Abonents": 24, "Users": 30, "UsersUsluga": 24, "AbonentsBlock": 10}
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
