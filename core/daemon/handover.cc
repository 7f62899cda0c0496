#include "core/daemon/handover.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>

#include "core/base/log.h"
#include "core/base/thread.h"

namespace skerry::daemon {
namespace {

// "https,https,admin": what the descriptors from kFirst + 1 on are; kFirst is the channel.
constexpr char kVariable[] = "SKERRY_HANDOVER";
constexpr int kFirst = 3;

// What is said over the channel, a byte each.
constexpr char kPrepared = 'P';
constexpr char kGoOn = 'G';
constexpr char kServing = 'S';

void Say(int channel, char word) { (void)send(channel, &word, 1, MSG_NOSIGNAL); }

// Nothing: the other side has ended.
std::optional<char> Hear(int channel) {
  char word = 0;
  while (true) {
    const ssize_t got = read(channel, &word, 1);
    if (got == 1) return word;
    if (got == 0 || errno != EINTR) return std::nullopt;
  }
}

std::vector<std::string> Split(const std::string& text, char by) {
  std::vector<std::string> parts;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(by, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

bool Listens(int fd) {
  int listens = 0;
  socklen_t size = sizeof(listens);
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
}

bool SameAddress(const net::Address& bound, const net::Address& wanted) {
  if (wanted.port != 0 && wanted.port != bound.port) return false;
  // All addresses, on a machine without IPv6.
  return bound.host == wanted.host || (wanted.host == "::" && bound.host == "0.0.0.0");
}

// The path of this program; after an update another file is there.
std::string ProgramPath() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  if (length <= 0) return "";
  std::string text(path, static_cast<size_t>(length));
  constexpr std::string_view kReplaced = " (deleted)";
  if (text.ends_with(kReplaced)) text.resize(text.size() - kReplaced.size());
  return text;
}

std::vector<std::string> ProgramArguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return Split(bytes, '\0');
}

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> EnvironmentWith(const std::vector<std::pair<std::string, int>>& sockets) {
  const std::string begin = std::string(kVariable) + "=";
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with(begin)) environment.emplace_back(*entry);
  }
  std::string names;
  for (const auto& [name, fd] : sockets) names += (names.empty() ? "" : ",") + name;
  environment.push_back(begin + names);
  return environment;
}

// Starts it with `channel` as kFirst and the sockets behind it.
Result<pid_t> Spawn(Successor::Options& options, int channel) {
  std::vector<int> given = {channel};
  for (const auto& [name, fd] : options.sockets) given.push_back(fd);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  // First above all the numbers that they get, so that none is overwritten.
  std::vector<net::ScopedFd> above;
  const int room = kFirst + static_cast<int>(given.size());
  for (size_t i = 0; i < given.size(); ++i) {
    above.emplace_back(fcntl(given[i], F_DUPFD_CLOEXEC, room));
    posix_spawn_file_actions_adddup2(&actions, above.back().get(), kFirst + static_cast<int>(i));
  }
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::vector<std::string> environment = EnvironmentWith(options.sockets);
  pid_t pid = 0;
  const int failed = posix_spawn(&pid, options.program.c_str(), &actions, &attributes,
                                 Pointers(options.arguments).data(), Pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) {
    return Fail(Code::kIo, Side::kSelf,
                "cannot start " + options.program + ": " + std::strerror(failed));
  }
  return pid;
}

std::string HowItEnded(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return std::strerror(errno);
  }
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

Inheritance Inheritance::Take() {
  Inheritance taken;
  const char* names = std::getenv(kVariable);
  if (names == nullptr) return taken;
  const std::vector<std::string> listeners = Split(names, ',');
  unsetenv(kVariable);
  if (fcntl(kFirst, F_SETFD, FD_CLOEXEC) != 0) return taken;
  taken.channel_ = net::ScopedFd(kFirst);
  int fd = kFirst;
  for (const std::string& listener : listeners) {
    if (fcntl(++fd, F_SETFD, FD_CLOEXEC) == 0) {
      taken.sockets_.emplace_back(listener, net::ScopedFd(fd));
    }
  }
  return taken;
}

std::vector<int> Inheritance::Sockets(std::string_view listener, const net::Address& address) {
  std::vector<int> found;
  for (auto& [name, socket] : sockets_) {
    if (name != listener || !socket.valid()) continue;
    const net::ScopedFd taken = std::move(socket);
    if (Listens(taken.get()) && SameAddress(net::LocalAddress(taken.get()), address)) {
      found.push_back(fcntl(taken.get(), F_DUPFD_CLOEXEC, 0));
    }
  }
  return found;
}

void Inheritance::AwaitStore() {
  sockets_.clear();  // nobody listens there any more
  if (!channel_.valid()) return;
  Say(channel_.get(), kPrepared);
  LogInfo("prepared; waiting until the process before this one has freed the store");
  (void)Hear(channel_.get());
}

void Inheritance::Serving() {
  if (!channel_.valid()) return;
  Say(channel_.get(), kServing);
  channel_ = net::ScopedFd();
}

struct Successor::State {
  Options options;
  pid_t pid = 0;
  net::ScopedFd channel;
  net::ScopedFd stop{eventfd(0, EFD_CLOEXEC)};
  bool over = false;  // the thread's: it served, or it ended
  std::thread thread;

  void Listen(net::Loop& loop);
  bool Heard();
};

// False: told to stop.
bool Successor::State::Heard() {
  pollfd waits[] = {{channel.get(), POLLIN, 0}, {stop.get(), POLLIN, 0}};
  while (poll(waits, 2, -1) < 0 && errno == EINTR) {
  }
  return waits[1].revents == 0;
}

void Successor::State::Listen(net::Loop& loop) {
  while (Heard()) {
    const std::optional<char> word = Hear(channel.get());
    if (word == kPrepared) {
      loop.Post(options.on_prepared);
      continue;
    }
    over = true;
    if (word == kServing) return loop.Post(options.on_serving);
    return loop.Post(
        [failed = options.on_failed, how = HowItEnded(pid)]() mutable { failed(std::move(how)); });
  }
}

Result<std::unique_ptr<Successor>> Successor::Start(net::Loop& loop, Options options) {
  if (options.program.empty()) options.program = ProgramPath();
  if (options.arguments.empty()) options.arguments = ProgramArguments();
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return Fail(net::SystemError(errno, Side::kSelf, "a channel to the new process"));
  }
  auto state = std::make_unique<State>();
  state->channel = net::ScopedFd(ends[0]);
  const net::ScopedFd theirs(ends[1]);
  Result<pid_t> pid = Spawn(options, theirs.get());
  if (!pid) return Fail(std::move(pid.error()));
  state->pid = *pid;
  state->options = std::move(options);
  state->thread = std::thread([raw = state.get(), &loop] {
    NameThisThread("hand-over");
    raw->Listen(loop);
  });
  return std::unique_ptr<Successor>(new Successor(std::move(state)));
}

Successor::Successor(std::unique_ptr<State> state) : state_(std::move(state)) {}

Successor::~Successor() {
  (void)eventfd_write(state_->stop.get(), 1);
  state_->thread.join();
  // The kernel closes it when the process has ended, and so has every use of the store.
  if (!state_->over) (void)state_->channel.Release();
}

void Successor::StoreIsFree() { Say(state_->channel.get(), kGoOn); }
pid_t Successor::pid() const { return state_->pid; }

}  // namespace skerry::daemon
