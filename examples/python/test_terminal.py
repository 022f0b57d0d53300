"""Tests of the client, against the mock whose address is in CARBON_URL."""

import os
import unittest
from decimal import Decimal

from terminal import Billing, BillingError, Terminal

URL = os.environ.get("CARBON_URL", "http://127.0.0.1:8082")


class TerminalTest(unittest.TestCase):
    def setUp(self):
        self.terminal = Terminal(Billing(URL), patience=60, pause=0.2)

    def test_a_payment_is_booked(self):
        abonent = self.terminal.find("A000045")
        before = self.terminal.balance(abonent)
        self.assertEqual(self.terminal.pay(abonent, Decimal("100.50")), before + Decimal("100.50"))

    def test_an_unknown_contract_is_nobody(self):
        self.assertIsNone(self.terminal.find("no such contract"))

    def test_a_refusal_is_an_error(self):
        with self.assertRaisesRegex(BillingError, "matching query does not exist"):
            self.terminal.balance(999999)


if __name__ == "__main__":
    unittest.main()
