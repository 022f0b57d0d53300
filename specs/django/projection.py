"""How the API shows what Django answers: objects as {pk, model, fields}, columns or the paths that were asked for."""

import datetime
from decimal import Decimal

from django.db import models


class Refused(Exception):
    """A call that is none."""


def shown(subject, fields):
    if fields and isinstance(subject, (models.QuerySet, models.Model)):
        model = subject.model if isinstance(subject, models.QuerySet) else type(subject)
        for path in fields:
            check(model, path.split("__"))
    if isinstance(subject, models.QuerySet):
        return [shown(item, fields) for item in subject]
    if isinstance(subject, models.Model):
        return row(subject, fields)
    if isinstance(subject, dict):
        return {str(key): shown(value, fields) for key, value in subject.items()}
    if isinstance(subject, (list, tuple)):
        return [shown(item, fields) for item in subject]
    return plain(subject)


def check(model, path):
    """A path that leads nowhere is refused whether or not there is a row to show."""
    head, *tail = path
    links = {field.name: field for field in model._meta.get_fields() if field.is_relation}
    if head in links:
        if tail:
            check(links[head].related_model, tail)
    elif tail or head not in {"pk"} | {field.attname for field in model._meta.concrete_fields}:
        raise Refused(f"{model.__name__} has no field '{head}'")


def row(found, fields):
    if not fields:
        return wrapped(found, columns(found))
    return wrapped(found, paths(found, [path.split("__") for path in fields]))


def wrapped(found, fields):
    return {"pk": found.pk, "model": type(found).__name__, "fields": fields}


def columns(found):
    return {field.attname: plain(getattr(found, field.attname)) for field in found._meta.concrete_fields if not field.primary_key}


def paths(found, wanted):
    """Paths of one link are merged under it; a foreign key has its column beside it. A link named by itself is shown whole."""
    fields = {}
    if [] in wanted:
        fields.update(columns(found))
    rest = {}
    for head, *tail in filter(None, wanted):
        rest.setdefault(head, []).append(tail)
    known = {field.name: field for field in found._meta.get_fields()}
    for head, tails in rest.items():
        link = known.get(head)
        if link is not None and link.is_relation and link.many_to_one:
            fields[link.attname] = plain(getattr(found, link.attname))
            target = getattr(found, head)
            fields[head] = None if target is None else wrapped(target, paths(target, tails))
        elif link is not None and link.is_relation:
            fields[head] = [wrapped(item, paths(item, tails)) for item in getattr(found, head).order_by("pk")]
        else:
            fields[head] = found.pk if head == "pk" else plain(getattr(found, head))
    return fields


def plain(value):
    """As the replies print it. Money has no trailing zeros: it is an integer divided by 10^10."""
    if isinstance(value, Decimal):
        return str(value) if value != 0 or value.as_tuple().exponent < 0 else "0"
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value
