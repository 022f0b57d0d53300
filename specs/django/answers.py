"""Carries a call out in the real Django and writes down what it answers."""

from django.core.exceptions import MultipleObjectsReturned, ObjectDoesNotExist
from django.db import DatabaseError, models, transaction

from projection import Refused, plain, shown


def advance(subject, method, arg):
    """One step of a chain: `set`, `save` and `delete` of an object are the API's, the rest is Django's."""
    if method.startswith("_") or isinstance(subject, (type(None), int, str, list, dict, tuple)):
        raise Refused(f"'{type(subject).__name__}' object has no attribute '{method}'")
    if isinstance(subject, models.Model):
        if method == "set":
            return assign(subject, arg)
        if method == "save":
            subject.save()
            return subject
    target = getattr(subject, method)
    result = target(*arg) if isinstance(arg, list) else target(**arg)
    # What Django counts since 1.9, the API does not show.
    return None if method == "delete" else result


def assign(found, values):
    """The API's `set`. What a column cannot take is refused at once, in the words that Django would have at `save`."""
    fields = {field.name: field for field in found._meta.concrete_fields}
    columns = {field.attname for field in found._meta.concrete_fields}
    for name, value in values.items():
        field = fields.get(name)
        if field is not None and field.is_relation:
            name = field.attname
        elif name not in columns:
            raise Refused(f"'{type(found).__name__}' object has no attribute '{name}'")
        found._meta.get_field(name).get_prep_value(value)
        setattr(found, name, value)
    return found


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
    if other is None:
        return False
    key = next(iter(result))
    if isinstance(result[key], list) and isinstance(other.get(key), list):
        return sorted(map(str, result[key])) == sorted(map(str, other[key]))
    return key in other and (key == "error" or result[key] == other[key])


def run(call, built):
    """The answer, in the form of the vectors; none where Django's SQL does not run."""
    model = built[call["model"]]
    try:
        return undone(call, model) if call.get("writes") else answer(call, model)
    except (DatabaseError, OverflowError) as error:
        if "no such column" in str(error):
            # The alias fault that the README tells of, where the column compared is in neither table.
            return None
        # What the driver refuses it tells in its own words: another database has others.
        return {"error": type(error).__name__}
    except Exception as error:
        # What is the API's own, and what is SQLite's.
        if isinstance(error, Refused) or "SQLite" in str(error):
            return {"error": type(error).__name__}
        # Whatever else Django objects to, the API tells in its words.
        name = type(error).__name__
        if isinstance(error, ObjectDoesNotExist):
            name = "DoesNotExist"
        if isinstance(error, MultipleObjectsReturned):
            name = "MultipleObjectsReturned"
        return {"error": name, "text": str(error)}


def undone(call, model):
    """The answer to a call that writes, and what it changes; then that is taken back."""
    with transaction.atomic():
        try:
            before = rows_of(model)
            result = answer(call, model)
            result["changed"] = difference(before, rows_of(model))
            return result
        finally:
            transaction.set_rollback(True)


def answer(call, model):
    subject, ordered = model.objects, False
    for method, arg in call["steps"]:
        subject = advance(subject, method, arg)
        ordered = ordered or method == "order_by"
    if "fields" in call:
        return {"shown": shown(subject, call["fields"]), "ordered": ordered}
    if isinstance(subject, models.QuerySet):
        rows = list(subject)
        if rows and isinstance(rows[0], dict):
            return {"rows": [{k: plain(v) for k, v in row.items()} for row in rows], "ordered": ordered}
        if rows and isinstance(rows[0], tuple):
            return {"rows": [[plain(v) for v in row] for row in rows], "ordered": ordered}
        return {"pks": [row.pk for row in rows], "ordered": ordered}
    if isinstance(subject, models.Model):
        return {"pk": subject.pk}
    if isinstance(subject, tuple) and subject and isinstance(subject[0], models.Model):
        return {"pair": [subject[0].pk, subject[1]]}
    if isinstance(subject, dict) and all(isinstance(found, models.Model) for found in subject.values()):
        return {"keys": sorted(found.pk for found in subject.values())}
    return {"value": shown(subject, None)}


def rows_of(model):
    return {found["pk"]: found["fields"] for found in shown(model.objects.order_by("pk"), None)}


def difference(before, after):
    """The rows that are new or other, and the keys of those that are gone."""
    changed = [{"pk": pk, "fields": fields} for pk, fields in after.items() if before.get(pk) != fields]
    return {"rows": changed, "gone": [pk for pk in before if pk not in after]}
