// A disk at the end of its life, for programs under test: loaded before the C library
// (LD_PRELOAD), it lets calls on files below $FAULTY_DISK fail or take long, as the words
// in the file $FAULTY_DISK_ORDERS say at that moment:
//
//   write   what writes or syncs fails with EIO
//   read    what reads fails with EIO
//   slow    nothing is in memory: a read waits 20 ms, one that may not wait fails
//   stuck   what writes or syncs waits until this word is gone
//
// Built by tests: cc -shared -fPIC -o faulty_disk.so faulty_disk.c
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { kSlowMillis = 20 };

// Is that word among the orders for this file?
static int Ordered(int file, const char* word) {
  const char* folder = getenv("FAULTY_DISK");
  const char* orders = getenv("FAULTY_DISK_ORDERS");
  struct stat about;
  if (folder == NULL || orders == NULL || fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
    return 0;
  }
  const int saved = errno;
  char words[64] = "", link[64], path[4096];
  const int from = open(orders, O_RDONLY | O_CLOEXEC);
  if (from >= 0) {
    const ssize_t size = syscall(SYS_read, from, words, sizeof(words) - 1);
    words[size > 0 ? size : 0] = '\0';
    close(from);
  }
  snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
  const ssize_t size = readlink(link, path, sizeof(path) - 1);
  path[size > 0 ? size : 0] = '\0';
  errno = saved;
  return strstr(words, word) != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

static int Fails(int file, const char* word) {
  if (!Ordered(file, word)) return 0;
  errno = EIO;
  return 1;
}

static int WriteFails(int file) {
  const struct timespec time = {0, 5 * 1000000};
  while (Ordered(file, "stuck")) nanosleep(&time, NULL);
  return Fails(file, "write");
}

static void Wait(int file) {
  const struct timespec time = {0, kSlowMillis * 1000000};
  if (Ordered(file, "slow")) nanosleep(&time, NULL);
}

#define NEXT(name) __typeof__(&name) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int file, const void* bytes, size_t size) {
  NEXT(write);
  return WriteFails(file) ? -1 : next(file, bytes, size);
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t at) {
  NEXT(pwrite);
  return WriteFails(file) ? -1 : next(file, bytes, size, at);
}

ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t at) {
  return pwrite(file, bytes, size, at);
}

ssize_t pwritev(int file, const struct iovec* pieces, int count, off_t at) {
  NEXT(pwritev);
  return WriteFails(file) ? -1 : next(file, pieces, count, at);
}

ssize_t pwritev64(int file, const struct iovec* pieces, int count, off64_t at) {
  return pwritev(file, pieces, count, at);
}

ssize_t pwritev2(int file, const struct iovec* pieces, int count, off_t at, int flags) {
  NEXT(pwritev2);
  return WriteFails(file) ? -1 : next(file, pieces, count, at, flags);
}

ssize_t pwritev64v2(int file, const struct iovec* pieces, int count, off64_t at, int flags) {
  return pwritev2(file, pieces, count, at, flags);
}

int fsync(int file) {
  NEXT(fsync);
  return WriteFails(file) ? -1 : next(file);
}

int fdatasync(int file) {
  NEXT(fdatasync);
  return WriteFails(file) ? -1 : next(file);
}

int sync_file_range(int file, off64_t at, off64_t size, unsigned flags) {
  NEXT(sync_file_range);
  // Without flags it does nothing: RocksDB asks so whether there is such a call.
  return flags != 0 && WriteFails(file) ? -1 : next(file, at, size, flags);
}

ssize_t pread(int file, void* bytes, size_t size, off_t at) {
  NEXT(pread);
  Wait(file);
  return Fails(file, "read") ? -1 : next(file, bytes, size, at);
}

ssize_t pread64(int file, void* bytes, size_t size, off64_t at) {
  return pread(file, bytes, size, at);
}

ssize_t preadv2(int file, const struct iovec* pieces, int count, off_t at, int flags) {
  NEXT(preadv2);
  if ((flags & RWF_NOWAIT) != 0 && Ordered(file, "slow")) {
    errno = EAGAIN;
    return -1;
  }
  Wait(file);
  return Fails(file, "read") ? -1 : next(file, pieces, count, at, flags);
}

ssize_t preadv64v2(int file, const struct iovec* pieces, int count, off64_t at, int flags) {
  return preadv2(file, pieces, count, at, flags);
}
