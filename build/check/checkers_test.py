"""The checkers find what they are for."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import libraries
import links
import names
import rooms
import sizes
import tree


class Planted:
    """A tree of given files instead of the real one."""

    def __init__(self, files, targets=None):
        self._files, self._targets = files, targets or {}

    def __enter__(self):
        self._kept = tree.files, tree.read, tree.targets
        tree.files = lambda *endings: sorted(path for path in self._files if path.endswith(endings))
        tree.read = lambda path: self._files[path]
        tree.targets = lambda: self._targets
        return self

    def __exit__(self, *_):
        tree.files, tree.read, tree.targets = self._kept


def function(lines, above=""):
    return above + "int F(int a) {\n" + "  a += 1;\n" * (lines - 2) + "}\n"


class SizesTest(unittest.TestCase):
    def found(self, text):
        with Planted({"core/base/x.cc": text}):
            return sizes.problems()

    def test_sixty_lines_are_allowed_and_one_more_is_not(self):
        self.assertEqual(self.found(function(60)), [])
        self.assertIn("core/base/x.cc:1: a function of 61 lines", self.found(function(61))[0])

    def test_a_reason_above_allows_more(self):
        self.assertEqual(self.found(function(61, "// Long: one case a frame type.\n")), [])
        self.assertEqual(len(self.found(function(61, "// Adds.\n"))), 1)

    def test_functions_in_namespaces_and_classes_are_seen(self):
        self.assertEqual(len(self.found("namespace a {\nclass B : public C {\n" + function(70) + "};\n}\n")), 1)

    def test_two_short_functions_are_not_one_long_one(self):
        self.assertEqual(self.found("namespace a {\n" + function(40) + function(40) + "}\n"), [])

    def test_tables_are_no_functions(self):
        self.assertEqual(self.found("constexpr T kRows[] = {\n" + "    {F(1), 2},\n" * 90 + "};\n"), [])

    def test_braces_in_literals_and_comments_do_not_count(self):
        text = 'namespace a {\nconst char* k = "{"; // {\nchar c = \'{\';\nauto r = R"({{)";\n' + function(10) + "}\n"
        self.assertEqual([last - first + 1 for first, last in sizes.functions(text)], [10])

    def test_long_files_are_found(self):
        self.assertIn("has 701 lines", self.found("int a;\n" * 701)[0])


class RoomsTest(unittest.TestCase):
    def found(self, path, header):
        with Planted({path: f'#include "{header}"\n'}):
            return rooms.problems()

    def test_down_is_allowed_and_up_and_sideways_are_not(self):
        self.assertEqual(self.found("core/http/a.cc", "core/net/b.h"), [])
        self.assertEqual(len(self.found("core/net/a.cc", "core/http/b.h")), 1)
        self.assertEqual(len(self.found("core/cache/a.cc", "core/asset/b.h")), 1)

    def test_no_program_includes_another(self):
        self.assertEqual(len(self.found("edge/a.cc", "origin-shield/b.h")), 1)
        self.assertEqual(self.found("edge/a.cc", "edge/request/b.h"), [])

    def test_an_unknown_room_is_named(self):
        self.assertIn("core/drawer is not in the picture", self.found("core/drawer/a.cc", "core/base/b.h")[0])

    def test_includes_beside_the_file_are_found(self):
        self.assertIn("include from the root", self.found("core/http/a.cc", "b.h")[0])

    def test_dependencies_of_targets_count_too(self):
        with Planted({}, {"//core/net:net": {"deps": ["//core/http:http"], "testonly": False}}):
            self.assertEqual(len(rooms.problems()), 1)

    def test_only_tests_use_the_tests_folder(self):
        for testonly, count in ((True, 0), (False, 1)):
            with Planted({}, {"//edge:x": {"deps": ["//tests/support:origin"], "testonly": testonly}}):
                self.assertEqual(len(rooms.problems()), count)


class LibrariesTest(unittest.TestCase):
    def test_a_library_outside_its_room_is_found(self):
        with Planted({"edge/a.cc": "#include <nghttp2/nghttp2.h>\n"}):
            self.assertEqual(len(libraries.problems()), 1)
        with Planted({"core/http/h2/a.cc": "#include <nghttp2/nghttp2.h>\n"}):
            self.assertEqual(libraries.problems(), [])

    def test_a_library_in_a_public_header_is_found(self):
        with Planted({"core/http/a.h": "#include <nghttp2/nghttp2.h>\n"}, {"//core/http:http": {"public": ["//core/http/a.h"]}}):
            self.assertIn("in a public header", libraries.problems()[0])


class NamesTest(unittest.TestCase):
    def found(self, path, text=""):
        with Planted({path: text}):
            return names.problems()

    def test_drawers_are_found_as_files_folders_and_classes(self):
        self.assertEqual(len(self.found("core/util/a.cc")), 1)
        self.assertEqual(len(self.found("core/http/url_helper.cc")), 1)
        self.assertEqual(len(self.found("core/http/a.h", "class SessionManager {\n")), 1)

    def test_words_that_only_contain_one_are_fine(self):
        self.assertEqual(self.found("core/http/utility_of.cc", "class Commonwealth {\n"), [])

    def test_notes_left_behind_are_found(self):
        self.assertEqual(len(self.found("core/http/a.cc", "// TO" + "DO: later\n")), 1)


class LinksTest(unittest.TestCase):
    def found(self, text):
        with Planted({"docs/a.md": text}):
            return links.problems()

    def test_a_link_to_nothing_is_found_and_others_are_not(self):
        self.assertEqual(len(self.found("see [b](b_that_is_not_there.md)")), 1)
        self.assertEqual(self.found("see [top](../LICENSE#terms) and [w](https://example.org) and [x](#here)"), [])

    def test_code_blocks_are_no_links(self):
        self.assertEqual(self.found("```\n[a](b)\n```\n"), [])


if __name__ == "__main__":
    unittest.main()
