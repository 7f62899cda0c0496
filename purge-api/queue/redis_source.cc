#include "purge-api/queue/redis_source.h"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/time.h>

#include <atomic>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/thread.h"

namespace skerry::purge {
namespace {

constexpr Millis kRetry{1000};
constexpr int64_t kPatienceMs = 500;  // of a read, before we look whether we are to end
constexpr timeval kConnectTimeout{5, 0};
constexpr size_t kMostMessageBytes = 1 << 20;

using Connection = std::unique_ptr<redisContext, void (*)(redisContext*)>;
using Answer = std::unique_ptr<redisReply, void (*)(void*)>;

std::string_view TextOf(const redisReply* reply) {
  if (reply == nullptr || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS &&
                           reply->type != REDIS_REPLY_ERROR)) {
    return {};
  }
  return {reply->str, reply->len};
}
bool IsList(const redisReply* reply, size_t least) {
  return reply != nullptr && reply->type == REDIS_REPLY_ARRAY && reply->elements >= least;
}

Error ErrorOf(std::string what) {
  return {Code::kUnavailable, Side::kUpstream, true, "redis: " + std::move(what)};
}

}  // namespace

struct RedisSource::State : std::enable_shared_from_this<RedisSource::State> {
  State(Options o, Purge p) : options(std::move(o)), purge(std::move(p)) {}

  void Work(Status (State::*serve)());
  Status ServeStream();
  Status ServeChannel();
  Status ReadStream(redisContext* redis, bool pending, bool* any);
  Status TakeEntry(redisContext* redis, const redisReply* entry);
  Outcome Write(const std::string& body, const std::string& key);
  // True when it was dealt with for good; false: we are to end.
  bool Deliver(const Template::Values& values, const std::string& key);
  Result<Connection> Connect() const;
  Result<Answer> Ask(redisContext* redis, const std::vector<std::string>& words) const;
  void Count(const char* result) {
    options.metrics
        ->GetCounter("skerry_purge_messages_total", "Messages of queues, by what became of them.",
                     {{"result", result}})
        .Add();
  }
  bool Pause(Millis time) {
    MutexLock lock(mutex);
    if (!ending) changed.WaitFor(mutex, time);
    return !ending;
  }

  const Options options;
  const Purge purge;
  Mutex mutex;
  ConditionVariable changed;
  std::atomic<bool> ending{false};
  std::vector<std::thread> threads;
};

Result<Connection> RedisSource::State::Connect() const {
  Connection redis(
      redisConnectWithTimeout(options.address.host.c_str(), options.address.port, kConnectTimeout),
      redisFree);
  if (redis == nullptr) return Fail(ErrorOf("no memory"));
  if (redis->err != 0) return Fail(ErrorOf(redis->errstr));
  redisEnableKeepAlive(redis.get());
  redisSetTimeout(redis.get(), kConnectTimeout);
  if (!options.password.empty()) {
    const auto answer = Ask(redis.get(), {"AUTH", options.password});
    if (!answer) return Fail(answer.error());
  }
  return redis;
}

Result<Answer> RedisSource::State::Ask(redisContext* redis,
                                       const std::vector<std::string>& words) const {
  std::vector<const char*> texts;
  std::vector<size_t> lengths;
  for (const std::string& word : words) {
    texts.push_back(word.data());
    lengths.push_back(word.size());
  }
  Answer answer(static_cast<redisReply*>(redisCommandArgv(redis, static_cast<int>(words.size()),
                                                          texts.data(), lengths.data())),
                freeReplyObject);
  if (answer == nullptr) return Fail(ErrorOf(redis->errstr));
  if (answer->type == REDIS_REPLY_ERROR) return Fail(ErrorOf(std::string(TextOf(answer.get()))));
  return answer;
}

// Once more after every failure, until the end.
void RedisSource::State::Work(Status (State::*serve)()) {
  bool complaining = false;
  while (!ending) {
    const Status status = (this->*serve)();
    if (ending) return;
    if (!status && !std::exchange(complaining, true)) {
      LogWarning("purge: redis cannot be read", {{"error", status.error().ToString()}});
    }
    if (status) complaining = false;
    Pause(kRetry);
  }
}

RedisSource::Outcome RedisSource::State::Write(const std::string& body, const std::string& key) {
  struct Waiting {
    Mutex mutex;
    ConditionVariable changed;
    std::optional<Outcome> outcome;
  };
  auto waiting = std::make_shared<Waiting>();
  purge(body, key, [waiting](Outcome outcome) {
    MutexLock lock(waiting->mutex);
    waiting->outcome = outcome;
    waiting->changed.NotifyAll();
  });
  MutexLock lock(waiting->mutex);
  while (!waiting->outcome && !ending) waiting->changed.WaitFor(waiting->mutex, kRetry / 10);
  return waiting->outcome.value_or(Outcome::kLater);
}

bool RedisSource::State::Deliver(const Template::Values& values, const std::string& key) {
  const std::optional<std::string> body = BodyFor(options.translation, values);
  if (!body) {
    Count("ignored");
    return true;
  }
  while (!ending) {
    const Outcome outcome = Write(*body, key);
    if (outcome == Outcome::kDurable) {
      Count("purged");
      return true;
    }
    if (outcome == Outcome::kRefused) {
      Count("refused");
      LogWarning("purge: a message is no purge", {{"key", key}, {"body", body->substr(0, 300)}});
      return true;
    }
    if (!Pause(kRetry)) break;
  }
  return false;
}

// An entry: [id, [name, value, …]].
Status RedisSource::State::TakeEntry(redisContext* redis, const redisReply* entry) {
  if (!IsList(entry, 2)) return Fail(ErrorOf("an entry without id and fields"));
  const std::string id(TextOf(entry->element[0]));
  Template::Values values;
  const redisReply* fields = entry->element[1];
  for (size_t i = 0; IsList(fields, i + 2); i += 2) {
    const std::string_view value = TextOf(fields->element[i + 1]).substr(0, kMostMessageBytes);
    const std::string name(TextOf(fields->element[i]));
    values[name].emplace_back(value);
    // A field that is JSON of its own: its members too.
    if (!value.starts_with('{')) continue;
    for (auto& [member, texts] : ValuesOf(value)) values.try_emplace(member, std::move(texts));
  }
  if (!Deliver(values, "redis:" + options.stream.substr(0, 100) + ':' + id)) return {};
  const auto answer = Ask(redis, {"XACK", options.stream, options.group, id});
  if (!answer) return Fail(answer.error());
  return {};
}

// What we have been given and not acknowledged (`pending`), or what is new.
Status RedisSource::State::ReadStream(redisContext* redis, bool pending, bool* any) {
  const std::string from = pending ? "0" : ">";
  const auto answer =
      Ask(redis, {"XREADGROUP", "GROUP", options.group, "skerry-purge", "COUNT", "100", "BLOCK",
                  std::to_string(kPatienceMs), "STREAMS", options.stream, from});
  if (!answer) return Fail(answer.error());
  *any = false;
  // [[stream, [entry, …]]], or nothing when nothing came.
  if (!IsList(answer->get(), 1) || !IsList((*answer)->element[0], 2)) return {};
  const redisReply* entries = (*answer)->element[0]->element[1];
  for (size_t i = 0; IsList(entries, i + 1) && !ending; ++i) {
    *any = true;
    if (Status status = TakeEntry(redis, entries->element[i]); !status) return status;
  }
  return {};
}

Status RedisSource::State::ServeStream() {
  Result<Connection> redis = Connect();
  if (!redis) return Fail(std::move(redis.error()));
  const auto made =
      Ask(redis->get(), {"XGROUP", "CREATE", options.stream, options.group, "$", "MKSTREAM"});
  if (!made && made.error().context.find("BUSYGROUP") == std::string::npos) {
    return Fail(made.error());
  }
  bool pending = true;
  while (!ending) {
    bool any = false;
    if (Status status = ReadStream(redis->get(), pending, &any); !status) return status;
    if (!any) pending = false;
  }
  return {};
}

Status RedisSource::State::ServeChannel() {
  Result<Connection> redis = Connect();
  if (!redis) return Fail(std::move(redis.error()));
  const auto subscribed = Ask(redis->get(), {"SUBSCRIBE", options.channel});
  if (!subscribed) return Fail(subscribed.error());
  while (!ending) {
    // A read that times out leaves a hiredis connection unusable: wait for bytes before.
    pollfd readable{(*redis)->fd, POLLIN, 0};
    if (poll(&readable, 1, static_cast<int>(kPatienceMs)) == 0) continue;
    void* read = nullptr;
    if (redisGetReply(redis->get(), &read) != REDIS_OK) return Fail(ErrorOf((*redis)->errstr));
    do {
      const Answer message(static_cast<redisReply*>(read), freeReplyObject);
      // ["message", channel, text]
      if (IsList(message.get(), 3) && TextOf(message->element[0]) == "message") {
        Deliver(ValuesOf(TextOf(message->element[2]).substr(0, kMostMessageBytes)), "");
      }
      read = nullptr;
      if (redisGetReplyFromReader(redis->get(), &read) != REDIS_OK) {
        return Fail(ErrorOf((*redis)->errstr));
      }
    } while (read != nullptr && !ending);
    if (read != nullptr) freeReplyObject(read);
  }
  return {};
}

RedisSource::RedisSource(Options options, Purge purge)
    : state_(std::make_shared<State>(std::move(options), std::move(purge))) {
  const auto start = [this](const char* name, Status (State::*serve)()) {
    state_->threads.emplace_back([state = state_.get(), name, serve] {
      NameThisThread(name);
      state->Work(serve);
    });
  };
  if (!state_->options.stream.empty()) start("redis-stream", &State::ServeStream);
  if (!state_->options.channel.empty()) start("redis-channel", &State::ServeChannel);
}

RedisSource::~RedisSource() {
  {
    MutexLock lock(state_->mutex);
    state_->ending = true;
  }
  state_->changed.NotifyAll();
  for (std::thread& thread : state_->threads) thread.join();
}

}  // namespace skerry::purge
