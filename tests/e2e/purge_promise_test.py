#!/usr/bin/env python3
"""After a hard purge is complete nothing older is served, whatever befalls the programs (tests/support/promise.py); tests/long has the long form."""
import unittest

from support import promise


class PurgePromiseTest(promise.PromiseCase):
    def test_nothing_from_before_a_complete_purge_is_served_after_it(self):
        self.run_all()


if __name__ == "__main__":
    unittest.main()
