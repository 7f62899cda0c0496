#include "core/http/server/session_fixture.h"

#include <utility>

namespace skerry::http {

void HeardRequest::Answer(int status, std::string text, Fields fields) {
  Response response;
  response.status = status;
  response.own = std::move(fields);
  if (!text.empty()) response.body = std::make_unique<MemoryBody>(std::move(text));
  stream->Respond(std::move(response));
}

SessionTest::~SessionTest() {
  server_.reset();
  Run();
  for (const auto& request : requests_) EXPECT_EQ(1, request->gone_calls);
}

Server& SessionTest::server() {
  if (server_ == nullptr) {
    options_.counters = {&h1_gauge_, &h2_gauge_, &bad_requests_, &glitch_closures_,
                         &stalled_streams_};
    server_ =
        Server::Make(loop_, options_,
                     [this](std::shared_ptr<ServerStream> stream) -> std::shared_ptr<StreamEvents> {
                       if (!take_requests_) return nullptr;
                       auto heard = std::make_shared<HeardRequest>();
                       heard->stream = std::move(stream);
                       requests_.push_back(heard);
                       if (on_request_) on_request_(*heard);
                       return heard;
                     });
  }
  return *server_;
}

std::shared_ptr<net::FakeWire> SessionTest::Connect(std::string alpn, bool tls) {
  auto wire = std::make_shared<net::FakeWire>();
  net::FakeTransport::Facts facts;
  facts.alpn = std::move(alpn);
  facts.tls = tls;
  server().Serve(std::make_unique<net::FakeTransport>(wire, facts));
  wire->events->OnConnected();
  Run();
  return wire;
}

// ---- H2Client

struct H2Client::Callbacks {
  static H2Client& Self(void* user) { return *static_cast<H2Client*>(user); }
  static std::string Text(const uint8_t* bytes, size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
  }

  static int Header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                    size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                    void* user) {
    Answer& answer = Self(user).answers_[frame->hd.stream_id];
    const std::string n = Text(name, name_size);
    const std::string v = Text(value, value_size);
    if (n == ":status") {
      if (v[0] == '1') {
        answer.interim.push_back(std::stoi(v));
      } else {
        answer.status = std::stoi(v);
        answer.head_comes = true;
      }
    } else if (answer.status == 0) {
      // Of an interim answer.
    } else if (!answer.head_comes) {
      answer.trailers.Add(n, v);
    } else {
      answer.fields.Add(n, v);
    }
    return 0;
  }
  static int Received(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Client& self = Self(user);
    const nghttp2_frame_hd& hd = frame->hd;
    if (hd.type == NGHTTP2_HEADERS) self.answers_[hd.stream_id].head_comes = false;
    if (hd.type == NGHTTP2_GOAWAY) {
      self.goaways.emplace_back(frame->goaway.error_code, frame->goaway.last_stream_id);
    } else if (hd.type == NGHTTP2_SETTINGS && (hd.flags & NGHTTP2_FLAG_ACK) == 0) {
      for (size_t i = 0; i < frame->settings.niv; ++i) {
        self.settings[static_cast<uint32_t>(frame->settings.iv[i].settings_id)] =
            frame->settings.iv[i].value;
      }
    } else if (hd.type == NGHTTP2_RST_STREAM) {
      self.answers_[hd.stream_id].reset = frame->rst_stream.error_code;
    }
    if (hd.type == NGHTTP2_DATA) {
      self.data_frames.push_back(hd.length);
      self.data_streams.push_back(hd.stream_id);
    }
    if ((hd.type == NGHTTP2_DATA || hd.type == NGHTTP2_HEADERS) &&
        (hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      self.answers_[hd.stream_id].ended = true;
    }
    return 0;
  }
  static int Data(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* bytes, size_t size,
                  void* user) {
    Self(user).answers_[stream].body += Text(bytes, size);
    return 0;
  }
};

H2Client::H2Client(net::FakeLoop& loop, std::shared_ptr<net::FakeWire> wire,
                   std::vector<nghttp2_settings_entry> settings)
    : loop_(loop), wire_(std::move(wire)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::Header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::Received);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::Data);
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  // Tests send what no client would.
  nghttp2_option_set_no_http_messaging(option, 1);
  nghttp2_session_client_new2(&session_, callbacks, this, option);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  Exchange();
}

H2Client::~H2Client() { nghttp2_session_del(session_); }

Fields H2Client::GetFields(const std::string& path) {
  return {{":method", "GET"}, {":scheme", "https"}, {":authority", "a.example"}, {":path", path}};
}

namespace {

std::vector<nghttp2_nv> Lines(const Fields& fields) {
  std::vector<nghttp2_nv> lines;
  for (const Field& field : fields) {
    auto* name = reinterpret_cast<uint8_t*>(const_cast<char*>(field.name.data()));
    auto* value = reinterpret_cast<uint8_t*>(const_cast<char*>(field.value.data()));
    lines.push_back({name, value, field.name.size(), field.value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  return lines;
}

}  // namespace

int32_t H2Client::Send(const Fields& fields, bool end_stream) {
  const std::vector<nghttp2_nv> lines = Lines(fields);
  return nghttp2_submit_headers(session_, end_stream ? NGHTTP2_FLAG_END_STREAM : 0, -1, nullptr,
                                lines.data(), lines.size(), nullptr);
}

void H2Client::SendData(int32_t stream, std::string_view bytes, bool end_stream) {
  Exchange();  // nghttp2 takes DATA only for a stream whose HEADERS are gone
  bodies_.push_back(std::make_unique<Body>(Body{std::string(bytes), end_stream}));
  nghttp2_data_provider provider{};
  provider.source.ptr = bodies_.back().get();
  provider.read_callback = [](nghttp2_session*, int32_t, uint8_t* to, size_t max, uint32_t* flags,
                              nghttp2_data_source* from, void*) -> ssize_t {
    auto* rest = static_cast<Body*>(from->ptr);
    const size_t count = std::min(max, rest->bytes.size());
    std::copy_n(rest->bytes.data(), count, reinterpret_cast<char*>(to));
    rest->bytes.erase(0, count);
    if (rest->bytes.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!rest->end) *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    }
    return static_cast<ssize_t>(count);
  };
  nghttp2_submit_data(session_, end_stream ? NGHTTP2_FLAG_END_STREAM : 0, stream, &provider);
}

void H2Client::SendTrailers(int32_t stream, const Fields& fields) {
  const std::vector<nghttp2_nv> lines = Lines(fields);
  nghttp2_submit_trailer(session_, stream, lines.data(), lines.size());
}

void H2Client::Reset(int32_t stream, uint32_t error) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, error);
}

std::string H2Frame(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload) {
  std::string frame;
  for (const int shift : {16, 8, 0}) frame.push_back(static_cast<char>(payload.size() >> shift));
  frame.push_back(static_cast<char>(type));
  frame.push_back(static_cast<char>(flags));
  for (const int shift : {24, 16, 8, 0}) frame.push_back(static_cast<char>(stream >> shift));
  return frame.append(payload);
}

RawH2Client::RawH2Client(net::FakeLoop& loop, std::shared_ptr<net::FakeWire> wire)
    : loop_(loop), wire_(std::move(wire)) {
  Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + H2Frame(NGHTTP2_SETTINGS, 0, 0, ""));
}

void RawH2Client::Send(std::string_view bytes) {
  wire_->Receive(bytes);
  loop_.RunPosted();
  heard_ += wire_->Take();
  const auto byte = [this](size_t at) { return static_cast<uint32_t>(heard_[at] & 0xff); };
  const auto number = [&](size_t at) {
    return byte(at) << 24 | byte(at + 1) << 16 | byte(at + 2) << 8 | byte(at + 3);
  };
  while (heard_.size() >= 9) {
    const size_t size = 9 + (number(0) >> 8);
    if (heard_.size() < size) return;
    if (byte(3) == NGHTTP2_RST_STREAM) resets[static_cast<int32_t>(number(5))] = number(9);
    if (byte(3) == NGHTTP2_GOAWAY) goaway = number(13);
    if (byte(3) == NGHTTP2_HEADERS) ++answers;
    heard_.erase(0, size);
  }
}

void H2Client::Exchange() {
  for (bool silent = false; !silent;) {
    silent = true;
    const uint8_t* data = nullptr;
    ssize_t size = 0;
    std::string out;
    while ((size = nghttp2_session_mem_send(session_, &data)) > 0) {
      out.append(reinterpret_cast<const char*>(data), static_cast<size_t>(size));
    }
    if (!out.empty()) {
      silent = false;
      wire_->Receive(out);
    }
    loop_.RunPosted();
    const std::string in = wire_->Take();
    if (!in.empty()) {
      silent = false;
      nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(in.data()), in.size());
    }
  }
}

}  // namespace skerry::http
