#include "core/net/connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

namespace skerry::net {
namespace {

// Receives of one connection before the others of the loop have their turn.
constexpr int kReceivesPerTurn = 4;
// A peer that makes us answer (key updates, pings) without reading is not read
// further while this much waits for it.
constexpr size_t kUnsentBeforeReadingStops = 256 * 1024;
// How long Close waits for the peer to take what was written, and then to close.
constexpr Micros kDrainTimeout = Seconds(30);
constexpr Micros kLingerTimeout = Seconds(2);

}  // namespace

Connection::Connection(SocketLoop& loop, Side side, std::shared_ptr<TlsContext> tls)
    : loop_(loop), side_(side), context_(std::move(tls)) {}

Connection::~Connection() { Disown(); }

void Connection::Begin(ScopedFd fd, const Address& peer, const std::string& server_name,
                       Micros handshake_timeout) {
  peer_ = peer;
  socket_ = loop_.Watch(std::move(fd), this);
  state_ = State::kHandshake;
  if (context_ == nullptr) {
    loop_.Post([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self != nullptr && self->state_ == State::kHandshake) {
        self->Connected();
        self->ReadOn();
      }
    });
    return;
  }
  tls_.reset(new TlsSession(context_, server_name, this));
  timer_ = loop_.After(handshake_timeout, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->timer_ = 0;
    self->Fail({Code::kTimeout, self->side_, false, "TLS handshake was not finished in time"});
  });
  loop_.Post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->state_ != State::kHandshake) return;
    self->Process({});
    self->ReadOn();
  });
}

void Connection::FailLater(Error error) {
  if (std::exchange(failing_, true)) return;
  loop_.Post([weak = weak_from_this(), error = std::move(error)] {
    if (const auto self = weak.lock()) self->Fail(error);
  });
}

void Connection::Connected() {
  if (timer_ != 0) loop_.Cancel(std::exchange(timer_, 0));
  state_ = State::kOpen;
  TuneStream(socket_->fd());
  if (events_ != nullptr) events_->OnConnected();
}

// ---- Reading

bool Connection::reading() const {
  return (state_ == State::kOpen || state_ == State::kHandshake) && !paused_ && !input_ended_ &&
         !failing_ && unsent_.size() < kUnsentBeforeReadingStops;
}

// Reads on: first what was held back, by a task so that no event is nested, then the socket.
void Connection::ReadOn() {
  if (!reading() || resuming_) return;
  if (unread_.empty()) return socket_->WantRead();
  resuming_ = true;
  loop_.Post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->resuming_ = false;
    if (!self->reading()) return;
    const std::string held = std::exchange(self->unread_, {});
    self->Process(held);
    self->ReadOn();
  });
}

void Connection::OnReadable() {
  const auto self = shared_from_this();
  if (state_ == State::kLingering) return DiscardInput();
  if (!unread_.empty()) return ReadOn();
  char* const buffer = ThreadBuffers::Mine().received.data();
  for (int turn = 0; turn < kReceivesPerTurn && reading(); ++turn) {
    const ssize_t count = recv(socket_->fd(), buffer, kReceiveBytes, 0);
    if (count < 0) {
      if (errno == EAGAIN || errno == EINTR) break;
      return Fail(SystemError(errno, side_, "connection broken"));
    }
    if (count == 0) {
      if (tls_ == nullptr) return Ended();
      return Fail({Code::kReset, side_, false,
                   tls_->established() ? "connection closed without close_notify"
                                       : "connection closed during the TLS handshake"});
    }
    const std::string_view bytes(buffer, static_cast<size_t>(count));
    if (tls_ == nullptr) {
      if (!Deliver(bytes)) return;
    } else {
      Process(bytes);
    }
    if (bytes.size() < kReceiveBytes) break;
  }
  ReadOn();
}

// True when the connection goes on and may read on.
bool Connection::Deliver(std::string_view plain) {
  if (events_ != nullptr) events_->OnBytes(plain);
  return state_ == State::kOpen;
}

void Connection::Ended() {
  input_ended_ = true;
  if (events_ != nullptr) events_->OnEnd();
}

// Runs ciphertext through TLS: handshake first, then records. What a paused
// reader leaves is kept.
void Connection::Process(std::string_view ciphertext) {
  tls_->Feed(ciphertext);
  if (state_ == State::kHandshake && !ShakeHands()) return;
  if (state_ == State::kOpen) OpenRecords();
  if (state_ != State::kOpen) return;
  unread_ = tls_->input();
  tls_->Feed({});
  Flush();
}

// True when the connection is open now.
bool Connection::ShakeHands() {
  const TlsSession::Step step = tls_->Handshake();
  Flush();
  if (step == TlsSession::Step::kWantMore) return false;
  if (step == TlsSession::Step::kDone) {
    Connected();
    return state_ == State::kOpen;
  }
  const Code code = tls_->untrusted()        ? Code::kDenied
                    : side_ == Side::kClient ? Code::kInvalid
                                             : Code::kRefused;
  FailAndLinger({code, side_, false, "TLS handshake failed: " + tls_->error()});
  return false;
}

// Decrypts as many records as fit the buffer before they are delivered together,
// so that a session sees all requests of a packet at once.
void Connection::OpenRecords() {
  char* const buffer = ThreadBuffers::Mine().opened.data();
  while (reading()) {
    size_t filled = 0;
    TlsSession::Step step = TlsSession::Step::kDone;
    while (step == TlsSession::Step::kDone && filled <= kReceiveBytes) {
      size_t count = 0;
      step = tls_->Read(buffer + filled, kRecordBytes, &count);
      filled += count;
      if (step == TlsSession::Step::kDone && tls_->drained()) step = TlsSession::Step::kWantMore;
    }
    if (filled > 0 && !Deliver({buffer, filled})) return;
    if (step == TlsSession::Step::kWantMore) return;
    if (step == TlsSession::Step::kEnd) return Ended();
    if (step == TlsSession::Step::kFailed) {
      Flush();
      return FailAndLinger({Code::kInvalid, side_, false, "TLS broken: " + tls_->error()});
    }
  }
}

void Connection::ResumeReading() {
  if (std::exchange(paused_, false)) ReadOn();
}

// ---- Writing

// Makes this connection the writer of the thread's buffers; another one's bytes
// leave first.
ThreadBuffers& Connection::Claim() {
  ThreadBuffers& buffers = ThreadBuffers::Mine();
  if (buffers.writer != this) {
    if (buffers.writer != nullptr) buffers.writer->Flush();
    buffers.writer = this;
    buffers.plain_size = 0;
    buffers.wire_size = 0;
  }
  return buffers;
}

void Connection::Disown() {
  ThreadBuffers& buffers = ThreadBuffers::Mine();
  if (buffers.writer == this) buffers.writer = nullptr;
}

void Connection::Write(std::string_view bytes) {
  if (state_ != State::kOpen || failing_) return;
  ThreadBuffers& buffers = Claim();
  if (tls_ == nullptr) return AppendWire(bytes);
  while (!bytes.empty()) {
    if (buffers.plain_size == 0 && bytes.size() >= kRecordBytes) {
      // A whole record needs no gathering.
      if (!tls_->Seal(bytes.substr(0, kRecordBytes))) break;
      bytes.remove_prefix(kRecordBytes);
      continue;
    }
    const size_t count = std::min(bytes.size(), kRecordBytes - buffers.plain_size);
    memcpy(buffers.plain.data() + buffers.plain_size, bytes.data(), count);
    buffers.plain_size += count;
    bytes.remove_prefix(count);
    if (buffers.plain_size == kRecordBytes) SealPlain(buffers);
  }
}

void Connection::SealPlain(ThreadBuffers& buffers) {
  const std::string_view plain(buffers.plain.data(), std::exchange(buffers.plain_size, 0));
  if (plain.empty() || tls_->Seal(plain)) return;
  FailLater({Code::kInternal, Side::kSelf, false, "TLS cannot seal: " + tls_->error()});
}

void Connection::AppendWire(std::string_view bytes) {
  ThreadBuffers& buffers = Claim();
  // What ends a send, because nothing follows or another record has no room, goes out from
  // where it is.
  if (flushing_ || buffers.wire_size + bytes.size() + kRecordBytes > kSendBytes) {
    return Send({buffers.wire.data(), std::exchange(buffers.wire_size, 0)}, bytes);
  }
  memcpy(buffers.wire.data() + buffers.wire_size, bytes.data(), bytes.size());
  buffers.wire_size += bytes.size();
}

// Both, in one system call.
void Connection::Send(std::string_view first, std::string_view second) {
  if (first.empty()) std::swap(first, second);
  if (first.empty() || socket_ == nullptr) return;
  if (unsent_.empty()) {
    iovec parts[] = {{const_cast<char*>(first.data()), first.size()},
                     {const_cast<char*>(second.data()), second.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = std::size(parts);
    ssize_t count = 0;
    do {
      count = second.empty() ? send(socket_->fd(), first.data(), first.size(), MSG_NOSIGNAL)
                             : sendmsg(socket_->fd(), &message, MSG_NOSIGNAL);
    } while (count < 0 && errno == EINTR);
    if (count < 0 && errno != EAGAIN) {
      return FailLater(SystemError(errno, side_, "connection broken"));
    }
    const size_t taken = count > 0 ? static_cast<size_t>(count) : 0;
    sent_ += taken;
    const size_t of_first = std::min(taken, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(taken - of_first);
    if (first.empty() && second.empty()) return;
    was_blocked_ = true;
    socket_->WantWrite();
  }
  unsent_.append(first).append(second);
}

uint64_t Connection::delivered() const {
  int on_the_way = 0;
  const bool known = socket_ != nullptr && ioctl(socket_->fd(), SIOCOUTQ, &on_the_way) == 0;
  return known ? sent_ - std::min(sent_, static_cast<uint64_t>(on_the_way)) : sent_;
}

void Connection::Flush() {
  ThreadBuffers& buffers = ThreadBuffers::Mine();
  if (buffers.writer != this) return;
  if (tls_ != nullptr) {
    flushing_ = true;
    SealPlain(buffers);
    flushing_ = false;
  }
  Send({buffers.wire.data(), std::exchange(buffers.wire_size, 0)});
  buffers.writer = nullptr;
}

void Connection::OnWritable() {
  const auto self = shared_from_this();
  if (state_ == State::kClosed) return;
  const bool was_reading = reading();
  const std::string rest = std::exchange(unsent_, {});
  Send(rest);
  if (!unsent_.empty() || failing_) return;
  if (state_ == State::kLingering) return LingerIfSent();
  if (!was_reading) ReadOn();
  if (state_ == State::kOpen && std::exchange(was_blocked_, false) && events_ != nullptr) {
    events_->OnWritable();
  }
}

// ---- Ending

void Connection::Fail(Error error) {
  if (state_ == State::kClosed) return;
  Transport::Events* const events = std::exchange(events_, nullptr);
  const auto self = shared_from_this();
  CloseNow(false);
  if (events != nullptr) events->OnFailed(error);
}

// The peer gets a chance to read our alert.
void Connection::FailAndLinger(Error error) {
  if (failing_) return Fail(std::move(error));
  Transport::Events* const events = std::exchange(events_, nullptr);
  Linger();
  if (events != nullptr) events->OnFailed(error);
}

void Connection::Close() {
  events_ = nullptr;
  if (state_ != State::kOpen || failing_) return CloseNow(false);
  if (tls_ != nullptr) {
    SealPlain(Claim());
    tls_->CloseNotify();
  }
  Flush();
  if (failing_) return CloseNow(false);
  Linger();
}

void Connection::Linger() {
  state_ = State::kLingering;
  unread_ = {};
  StartTimer(kDrainTimeout);
  LingerIfSent();
}

// Once everything was sent: FIN, and reading until the peer has closed too, so
// that the kernel has no reason for an RST that would destroy what it has not read.
void Connection::LingerIfSent() {
  if (!unsent_.empty() || sent_fin_) return;
  sent_fin_ = true;
  shutdown(socket_->fd(), SHUT_WR);
  StartTimer(kLingerTimeout);
  DiscardInput();
}

void Connection::DiscardInput() {
  char* const buffer = ThreadBuffers::Mine().received.data();
  for (int turn = 0; turn < kReceivesPerTurn; ++turn) {
    const ssize_t count = recv(socket_->fd(), buffer, kReceiveBytes, 0);
    if (count > 0) continue;
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) break;
    // Only what is still to be sent keeps it.
    if (unsent_.empty() || count < 0) CloseNow(false);
    return;
  }
  socket_->WantRead();
}

// The timer's task owns the connection while it lingers.
void Connection::StartTimer(Micros delay) {
  const auto self = shared_from_this();
  if (timer_ != 0) loop_.Cancel(std::exchange(timer_, 0));
  timer_ = loop_.After(delay, [self] {
    self->timer_ = 0;
    self->CloseNow(true);
  });
}

void Connection::Abort() {
  events_ = nullptr;
  if (state_ == State::kLingering) return;
  CloseNow(true);
}

void Connection::CloseNow(bool reset) {
  const auto self = weak_from_this().lock();
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  Disown();
  if (socket_ != nullptr && reset) {
    const linger at_once{1, 0};
    setsockopt(socket_->fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  }
  socket_.reset();
  unsent_ = {};
  unread_ = {};
  if (timer_ != 0) loop_.Cancel(std::exchange(timer_, 0));
}

}  // namespace skerry::net
