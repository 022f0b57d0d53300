#!/usr/bin/env python3
"""Two saves of one subscriber, one right after the other: each is answered with success, and the first is lost.

Run it as `carbon-mock exec -- python3 examples/race.py`: the verdict names both calls and the column, and ends with 1.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "python"))

from terminal import Billing  # noqa: E402

billing = Billing(os.environ["CARBON_URL"])
for columns in ({"a_home_number": "3"}, {"sms": "+79990000000"}):
    billing.call("Abonents", ("objects.get", {"id": 45}), ("set", columns), "save", fields=["id"])
