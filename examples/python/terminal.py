"""A payment terminal's client: finds a subscriber by contract number, takes a payment, reads the balance. Standard library only."""

import json
import time
import urllib.parse
import urllib.request
from decimal import Decimal


class BillingError(Exception):
    """The billing refused a call."""


class Billing:
    def __init__(self, url, timeout=30):
        self.url = url.rstrip("/")
        self.timeout = timeout

    def call(self, model, *steps, fields=None):
        """Sends a chain: each step is a method, or a method and its argument."""
        form = {}
        for number, step in enumerate(steps, 1):
            method, *argument = (step,) if isinstance(step, str) else step
            form[f"method{number}"] = method
            if argument:
                form[f"arg{number}"] = json.dumps(argument[0])
        if fields:
            form["fields"] = json.dumps(fields)
        # urlencode escapes the `+` of a phone number; sent bare, it would mean a blank.
        data = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(f"{self.url}/rest_api/v2/{model}/", data, self.timeout) as reply:
            body = json.load(reply)
        if "error" in body:
            raise BillingError(body["error"])
        return body["result"]


class Terminal:
    def __init__(self, billing, patience=120, pause=1):
        self.billing = billing
        self.patience = patience
        self.pause = pause

    def find(self, contract):
        """The subscriber's id, or None."""
        found = self.billing.call("Abonents", ("objects.filter", {"contract_number": contract, "deleted": 0}), fields=["id"])
        return found[0]["pk"] if found else None

    def balance(self, abonent):
        fields = ["account__balance"]
        reply = self.billing.call("Abonents", ("objects.get", {"id": abonent}), fields=fields)
        return Decimal(reply["fields"]["account"]["fields"]["balance"])

    def pay(self, abonent, amount):
        """Pays, and waits until the payment is booked: a change is a task, seconds to half an hour away."""
        wanted = self.balance(abonent) + amount
        self.billing.call("Abonents", ("objects.get", {"id": abonent}), ("add_payment", {"SUM_IN": str(amount)}))
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            if self.balance(abonent) >= wanted:
                return self.balance(abonent)
            time.sleep(self.pause)
        raise BillingError(f"the payment of {amount} is not booked after {self.patience} seconds")
