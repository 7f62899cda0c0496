// For tests: the server's end of an HTTP/2 connection, by nghttp2, over a scripted transport.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/http/upstream/scripted_peer.h"

namespace skerry::http {

class ScriptedH2Peer {
 public:
  struct Request {
    Fields fields;  // pseudo fields too
    Fields trailers;
    std::string body;
    bool ended = false;
    bool closed = false;
    uint32_t reset_code = 0;  // when closed
  };

  explicit ScriptedH2Peer(ScriptedPeer& peer, uint32_t max_streams = 100) : peer_(peer) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnClose);
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, max_streams}};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, 1);
  }
  ~ScriptedH2Peer() { nghttp2_session_del(session_); }

  // Reads what the client wrote and says what is to be said, until both are quiet.
  void Pump() {
    for (int turn = 0; turn < 100; ++turn) {
      const std::string bytes = peer_.Take();
      if (!bytes.empty()) {
        nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()),
                                 bytes.size());
      }
      std::string out;
      const uint8_t* piece = nullptr;
      for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &piece)) > 0;) {
        out.append(reinterpret_cast<const char*>(piece), static_cast<size_t>(size));
      }
      if (bytes.empty() && out.empty()) return;
      if (!out.empty()) peer_.Say(out);
    }
  }

  // The body may be empty; `end`: the answer is complete with it (else Finish).
  void Answer(int32_t id, int status, const Fields& fields = {}, std::string body = "",
              bool end = true) {
    Out& out = outs_[id];
    out.bytes = std::move(body);
    out.ended = end;
    std::vector<nghttp2_nv> lines = Lines(fields);
    const std::string code = std::to_string(status);
    lines.insert(lines.begin(), Line(":status", code));
    nghttp2_data_provider provider{};
    provider.source.ptr = &out;
    provider.read_callback = Read;
    const bool bare = end && out.bytes.empty();
    nghttp2_submit_response(session_, id, lines.data(), lines.size(), bare ? nullptr : &provider);
    Pump();
  }
  void More(int32_t id, std::string_view bytes, bool end) {
    outs_[id].bytes += bytes;
    outs_[id].ended = end;
    nghttp2_session_resume_data(session_, id);
    Pump();
  }
  void EndWithTrailers(int32_t id, const Fields& trailers) {
    outs_[id].trailers = trailers;
    More(id, "", true);
  }
  void Interim(int32_t id, int status) {
    const std::string code = std::to_string(status);
    const nghttp2_nv lines[] = {Line(":status", code)};
    nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id, nullptr, lines, 1, nullptr);
  }
  // A header block with nothing but that status, in three digits, past nghttp2's checks.
  // `data` may follow at once.
  void AnswerRaw(int32_t id, int status, bool end = false, std::string_view data = {}) {
    const std::string code = std::to_string(1000 + status).substr(1);
    peer_.Say(FrameHead(5, 1, end ? 5 : 4, id) + std::string("\x08\x03", 2) + code +
              (data.empty() ? "" : FrameHead(data.size(), 0, 1, id) + std::string(data)));
  }
  static std::string FrameHead(size_t size, uint8_t type, uint8_t flags, int32_t id) {
    std::string frame = {0, static_cast<char>(size >> 8), static_cast<char>(size),
                         static_cast<char>(type), static_cast<char>(flags)};
    for (int shift = 24; shift >= 0; shift -= 8) frame.push_back(static_cast<char>(id >> shift));
    return frame;
  }
  void Reset(int32_t id, uint32_t code) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, code);
    Pump();
  }
  void GoAway(int32_t last_id) {
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last_id, NGHTTP2_NO_ERROR, nullptr, 0);
    Pump();
  }

  // How much of the answer `id` the client's window still takes.
  int32_t WindowOf(int32_t id) const {
    return nghttp2_session_get_stream_remote_window_size(session_, id);
  }
  uint32_t Setting(nghttp2_settings_id id) const {
    return nghttp2_session_get_remote_settings(session_, id);
  }

  std::map<int32_t, Request> requests;
  bool client_went_away = false;

 private:
  struct Out {
    std::string bytes;
    bool ended = false;
    Fields trailers;
  };

  static ScriptedH2Peer& Self(void* user) { return *static_cast<ScriptedH2Peer*>(user); }
  static nghttp2_nv Line(std::string_view name, std::string_view value) {
    const auto bytes = [](std::string_view text) {
      return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(text.data()));
    };
    return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
  }
  static std::vector<nghttp2_nv> Lines(const Fields& fields) {
    std::vector<nghttp2_nv> lines;
    for (const Field& field : fields) lines.push_back(Line(field.name, field.value));
    return lines;
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                      void* user) {
    Request& request = Self(user).requests[frame->hd.stream_id];
    Fields& to = frame->headers.cat == NGHTTP2_HCAT_REQUEST ? request.fields : request.trailers;
    to.Add(std::string_view(reinterpret_cast<const char*>(name), name_size),
           {reinterpret_cast<const char*>(value), value_size});
    return 0;
  }
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) Self(user).client_went_away = true;
    const bool carries = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (carries && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      Self(user).requests[frame->hd.stream_id].ended = true;
    }
    return 0;
  }
  static int OnData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t size,
                    void* user) {
    Self(user).requests[id].body.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }
  static int OnClose(nghttp2_session*, int32_t id, uint32_t code, void* user) {
    Self(user).requests[id].closed = true;
    Self(user).requests[id].reset_code = code;
    return 0;
  }
  static ssize_t Read(nghttp2_session* session, int32_t id, uint8_t* to, size_t size,
                      uint32_t* flags, nghttp2_data_source* source, void*) {
    Out& out = *static_cast<Out*>(source->ptr);
    const size_t count = std::min(size, out.bytes.size());
    if (count == 0 && !out.ended) return NGHTTP2_ERR_DEFERRED;
    memcpy(to, out.bytes.data(), count);
    out.bytes.erase(0, count);
    if (out.bytes.empty() && out.ended) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!out.trailers.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const std::vector<nghttp2_nv> lines = Lines(out.trailers);
        nghttp2_submit_trailer(session, id, lines.data(), lines.size());
      }
    }
    return static_cast<ssize_t>(count);
  }

  ScriptedPeer& peer_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, Out> outs_;
};

}  // namespace skerry::http
