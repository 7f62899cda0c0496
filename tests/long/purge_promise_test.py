#!/usr/bin/env python3
"""The long form of tests/e2e/purge_promise_test.py: ten minutes, or SKERRY_PROMISE_SECONDS."""
import os
import unittest

from support import promise

ALONE = True
TIMEOUT_SECONDS = 1200


class PurgePromiseTest(promise.PromiseCase):
    seconds = float(os.environ.get("SKERRY_PROMISE_SECONDS", 600))

    def test_nothing_from_before_a_complete_purge_is_served_after_it(self):
        self.run_all()


if __name__ == "__main__":
    unittest.main()
