#!/usr/bin/env python3
"""Purges by URL while reloads change what the key rules of an edge make of URLs."""
import http.client
import itertools
import json
import signal
import threading
import time
import unittest

from support import skerry

SANITIZED = True
TOKEN = "token-of-everyone"
URL = "/p?utm_x=1&b=1&a=2"
SORTED = "sort_query = true"
WITHOUT_UTM = 'query_deny = ["utm_*"]'
PLAIN = "compress = false"


class KeyRulesTest(skerry.Case):
    def setUp(self):
        super().setUp()
        tokens = self.file("tokens", TOKEN + "\n")
        self.fetches = itertools.count(1)
        self.newest = 0
        self.app = self.origin()
        self.app.answers["/p"] = self.answer
        self.service = self.start("skerry-purge", "--listen=127.0.0.1:0", f"--data_dir={self.folder}/log", f"--token_file={tokens}")
        self.tokens = tokens
        self.begin(SORTED)

    def begin(self, rules):
        self.write(rules)
        self.node = self.edge(f"--config={self.config}", "--node=edge", f"--purge=http://{self.service.ready['listen']}", f"--purge_token_file={self.tokens}")

    def answer(self, _handler):
        """Its body is the number of the fetch."""
        self.newest = number = next(self.fetches)
        return 200, {"Cache-Control": "max-age=3600"}, str(number).encode()

    def write(self, rules):
        self.config = self.file("edge.toml", f'[[site]]\nname = "s"\nhosts = ["*"]\norigin = "{self.app.url}"\n[[site.rule]]\nmatch = ["*"]\n{rules}\n')

    def hup(self, rules):
        self.write(rules)
        self.node.process.send_signal(signal.SIGHUP)

    def reload(self, rules):
        before = self.node.log().count("reloaded")
        self.hup(rules)
        skerry.eventually(lambda: self.node.log().count("reloaded") > before, what="it has reloaded")

    def ask(self):
        answer = skerry.fetch(f"http://{self.node.ready['http']}{URL}", "Host: shop.example", http="--http1.1")
        self.assertEqual(answer.status, 200)
        return int(answer.body)

    def purge(self):
        connection = http.client.HTTPConnection(self.service.ready["listen"], timeout=60)
        connection.request("POST", "/v1/purges", json.dumps({"urls": [f"https://shop.example{URL}"], "wait": "20s"}), {"Authorization": "Bearer " + TOKEN})
        told = json.loads(connection.getresponse().read())
        connection.close()
        self.assertEqual(told["state"], "complete", told)

    def test_what_was_stored_under_rules_that_come_back_is_purged_between(self):
        for between in (PLAIN, WITHOUT_UTM):
            stored = self.ask()
            self.assertEqual(self.ask(), stored)
            self.reload(between)
            self.purge()
            self.reload(SORTED)
            self.assertGreater(self.ask(), stored, between)

    def test_what_is_on_disk_under_rules_that_come_back_after_a_restart_is_purged_between(self):
        for restart_back in (True, False):
            stored = self.ask()
            self.assertEqual(self.ask(), stored)
            self.assertEqual(self.node.terminate(), 0)
            self.begin(PLAIN)
            self.purge()
            if restart_back:
                self.assertEqual(self.node.terminate(), 0)
                self.begin(SORTED)
            else:
                self.reload(SORTED)
            self.assertGreater(self.ask(), stored, restart_back)

    def test_purges_hold_in_the_milliseconds_of_a_reload(self):
        over = threading.Event()

        def keep_asking():
            while not over.is_set():
                self.ask()

        clients = [threading.Thread(target=keep_asking) for _ in range(2)]
        for client in clients:
            client.start()
        try:
            for number in range(40):
                self.hup((SORTED, WITHOUT_UTM, PLAIN)[number % 3])
                time.sleep(number % 8 / 1000)  # each time another moment of the reload
                before = self.newest
                self.purge()
                self.assertGreater(self.ask(), before)
        finally:
            over.set()
            for client in clients:
                client.join()


if __name__ == "__main__":
    unittest.main()
