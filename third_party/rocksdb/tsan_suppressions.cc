// Debian's librocksdb is not instrumented: the thread sanitizer sees its memory
// (through memcpy and operator new) and not the atomics that order it. What happens
// inside the library is not ours to check; what we hand it and get back is.
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:librocksdb.so\n"
         "race:librocksdb.so\n"
         "mutex:librocksdb.so\n"
         // Group commit: the leader writes the batches of others. DB::Put and
         // DB::Write are tail calls, so that the library is not on the stack.
         "race:skerry::cache::disk::Store::PutControl\n"
         "race:skerry::cache::disk::Store::WriteMeta\n";
}
