// For tests under the thread sanitizer (./dev tsan).
//
// libvips and what it stands on are not instrumented: their mutexes are futexes of their
// own (GLib, Orc), which the sanitizer does not see, so it takes what they guard for
// unguarded. Calls from those libraries are not watched; our own code is.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:libvips.so.42\n"
         "called_from_lib:libglib-2.0.so.0\n"
         "called_from_lib:libgobject-2.0.so.0\n"
         "called_from_lib:libjpeg.so.62\n"
         "called_from_lib:libpng16.so.16\n"
         "called_from_lib:liborc-0.4.so.0\n";
}
