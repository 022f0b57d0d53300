"""Random chains of QuerySet calls over what there is."""

from decimal import Decimal

from orm import SCALE
from rows import DAYS, TEXTS

# The models that calls start from.
CHOSEN = [
    "Abonents", "Users", "Tarif", "AbonentsBlock", "UsersUsluga", "Usluga", "AdminAccounts", "AttributeValues",
    "UserAttributes", "Homes", "FinanceOperations", "TarifRadiusParams",
]


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
        sample = rng.choice(known or [None])
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
            return path + lookup, [value for value in (sample, rng.choice(known or [None])) if value is not None]
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

    def projected(self):
        """A call that says what is to be shown of each row."""
        rng = self.rng
        name = rng.choice(CHOSEN)
        fields = []
        for _ in range(rng.choice([1, 2, 2, 3, 4])):
            prefix, end = self.walk(name, 3)
            roll = rng.random()
            if roll < 0.05:
                fields.append(prefix + "nosuch")
            elif roll < 0.15:
                fields.append(prefix + "pk")
            elif roll < 0.3 and prefix:
                fields.append(prefix[:-2])
            else:
                field, kind = rng.choice(self.fields(end))
                fields.append(prefix + (kind["column"] if kind["type"] == "fk" and rng.random() < 0.5 else field))
        steps = rng.choice([
            [["filter", dict([self.condition(name)])], ["order_by", ["pk"]]],
            [["filter", {"pk__in": rng.sample(range(1, 7), 3)}], ["order_by", ["-pk"]]],
            [["get", {"pk": rng.randint(1, 6)}]],
            [["order_by", ["pk"]], ["first", {}]],
        ])
        return {"model": name, "steps": steps, "fields": fields}
