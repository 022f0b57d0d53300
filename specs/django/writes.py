"""Random calls that write, to models whose rows are columns and nothing more: no rule of the billing follows."""

# With what none but a row of their own refers to: what a deletion takes along is the billing's business.
DELETABLE = ["AttributeValues", "TarifRadiusParams"]
WRITABLE = ["Homes", "UserAttributes", *DELETABLE]


class Writer:
    def __init__(self, rng, schema, state):
        self.rng, self.schema, self.state = rng, schema, state

    def spelled(self, kind):
        """A value that a column takes, in one of the spellings that it takes."""
        rng = self.rng
        if rng.random() < 0.04:
            return rng.choice([None, "wrong", [1]])
        if kind["type"] == "flag":
            return rng.choice([0, 1, True, False, "0", "1"])
        if kind["type"] == "fk":
            pk = rng.choice([row["pk"] for row in self.state[kind["to"]]])
            return rng.choice([pk, str(pk)] + [None] * kind["null"])
        return rng.choice(["Тест", "x", "", " y ", 5, 1.5, True] + [None] * kind["null"])

    def values(self, name, most):
        rng, fields = self.rng, self.schema[name]["fields"]
        own = [field for field in fields if field != self.schema[name]["pk"]]
        values = {}
        for field in rng.sample(own, rng.randint(1, min(most, len(own)))):
            kind = fields[field]
            spelling = kind["column"] if kind["type"] == "fk" and rng.random() < 0.7 else field
            values[spelling] = self.spelled(kind)
        return values

    def new(self, name):
        """Values for a new row: all that must be there, as a rule."""
        values = self.values(name, 5)
        for field, kind in self.schema[name]["fields"].items():
            needed = kind["type"] == "fk" and not kind["null"]
            if needed and kind["column"] not in values and field not in values and self.rng.random() < 0.9:
                values[kind["column"]] = self.spelled(kind)
        # By its name a foreign key takes objects only, which JSON has none of.
        fields = self.schema[name]["fields"]
        return {fields[key]["column"] if key in fields and fields[key]["type"] == "fk" else key: value for key, value in values.items()}

    def some(self, name):
        pks = [row["pk"] for row in self.state[name]]
        return self.rng.choice([{"pk": self.rng.choice(pks)}, {"pk__in": self.rng.sample(pks, 2)}, {"pk": 999}, {}])

    def call(self):
        rng = self.rng
        name = rng.choice(WRITABLE)
        pk = rng.choice([row["pk"] for row in self.state[name]])
        shapes = [
            lambda: [["create", self.new(name)]],
            lambda: [["create", self.new(name)], ["set", self.values(name, 2)], ["save", {}]],
            lambda: [["filter", self.some(name)], ["create", self.new(name)]],
            lambda: [["get", {"pk": pk}], ["set", self.values(name, 3)], ["save", {}]],
            lambda: [["order_by", ["-pk"]], ["first", {}], ["set", self.values(name, 2)], ["save", {}]],
            lambda: [["get", {"pk": pk}], ["set", self.values(name, 3)]],
            lambda: [["filter", self.some(name)], ["update", self.values(name, 2)]],
            lambda: [["update", self.values(name, 1)]],
            lambda: [["get_or_create", {**self.known(name), "defaults": self.new(name)}]],
            lambda: [["get_or_create", self.known(name)]],
            lambda: [["update_or_create", {**self.known(name), "defaults": self.new(name)}]],
            lambda: [["filter", self.some(name)], ["update_or_create", {**self.known(name), "defaults": self.new(name)}]],
        ]
        if name in DELETABLE:
            shapes += [
                lambda: [["get", {"pk": pk}], ["delete", {}]],
                lambda: [["filter", self.some(name)], ["delete", {}]],
            ]
        return {"model": name, "steps": rng.choice(shapes)(), "writes": True}

    def known(self, name):
        """Conditions that one row, several or none satisfy."""
        row = self.rng.choice(self.state[name])
        column = self.rng.choice(list(row["fields"]))
        value = row["fields"][column] if self.rng.random() < 0.7 else self.spelled(self.kind(name, column))
        known = {column: value}
        if self.rng.random() < 0.5:
            known["pk"] = row["pk"]
        return known

    def kind(self, name, column):
        fields = self.schema[name]["fields"]
        return next(kind for field, kind in fields.items() if kind.get("column", field) == column)
