/*
 * What the profile of a static libnghttp2 is taken from (build/dev/static_nghttp2.py):
 * a client and a server in one process, without sockets, clocks or chance, so that the
 * profile is the same each time. The mix is that of an edge: browsers' requests with
 * a few of their fields changing, small answers with the fields of a cache hit, some
 * larger bodies, some 304s and cancelled streams.
 */
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kStreams = 16, kRounds = 4000, kChunk = 16384, kBody = 40000 };

struct end {
  nghttp2_session *session;
  int is_server;
  size_t left[kStreams * 2]; /* of the bodies of open streams, by slot */
  int32_t answer[kStreams];  /* requests that came in this turn */
  size_t answers;
  size_t closed;
};

static unsigned char body[kBody];

static nghttp2_nv field(const char *name, const char *value) {
  nghttp2_nv nv = {(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value),
                   NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
  return nv;
}

static size_t *left_of(struct end *end, int32_t stream) {
  return &end->left[(stream / 2) % (kStreams * 2)];
}

static ssize_t read_body(nghttp2_session *session, int32_t stream, uint8_t *to, size_t max,
                         uint32_t *flags, nghttp2_data_source *source, void *user) {
  size_t *left = left_of(user, stream);
  size_t count = *left < max ? *left : max;
  (void)session, (void)to, (void)source;
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (count == *left) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return (ssize_t)count;
}

static unsigned char wire[1 << 20];
static size_t wire_size;

static void put(const uint8_t *data, size_t size) {
  memcpy(wire + wire_size, data, size);
  wire_size += size;
}

static int send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *header,
                     size_t size, nghttp2_data_source *source, void *user) {
  (void)session, (void)source;
  if (wire_size + size + 9 > sizeof(wire)) return NGHTTP2_ERR_WOULDBLOCK;
  put(header, 9);
  put(body, size);
  *left_of(user, frame->hd.stream_id) -= size;
  return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
  struct end *end = user;
  (void)session;
  if (end->is_server && frame->hd.type == NGHTTP2_HEADERS &&
      (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
    end->answer[end->answers++] = frame->hd.stream_id;
  }
  return 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t code, void *user) {
  (void)session, (void)stream, (void)code;
  ((struct end *)user)->closed++;
  return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags,
                     void *user) {
  (void)session, (void)frame, (void)name, (void)name_size, (void)value, (void)value_size;
  (void)flags, (void)user;
  return 0;
}

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
  return nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, user), 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
                   size_t size, void *user) {
  (void)flags, (void)data, (void)user;
  nghttp2_session_consume(session, stream, size);
  return 0;
}

static void start(struct end *end, int is_server) {
  nghttp2_session_callbacks *callbacks;
  nghttp2_option *option;
  nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 128},
                                       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20}};
  memset(end, 0, sizeof(*end));
  end->is_server = is_server;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  if (is_server) {
    nghttp2_session_server_new2(&end->session, callbacks, end, option);
  } else {
    nghttp2_session_client_new2(&end->session, callbacks, end, option);
  }
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_submit_settings(end->session, NGHTTP2_FLAG_NONE, settings, 2);
  nghttp2_session_set_local_window_size(end->session, NGHTTP2_FLAG_NONE, 0, 1 << 20);
}

/* All that one end has to say goes to the other. */
static void carry(struct end *from, struct end *to) {
  const uint8_t *data;
  ssize_t size;
  wire_size = 0;
  while ((size = nghttp2_session_mem_send(from->session, &data)) > 0) put(data, (size_t)size);
  if (size < 0 || nghttp2_session_mem_recv(to->session, wire, wire_size) < 0) {
    fprintf(stderr, "train: the two ends do not understand each other\n");
    exit(1);
  }
}

static void ask(struct end *client, unsigned number) {
  static char path[kStreams][64], cookie[kStreams][64], tag[kStreams][64];
  unsigned slot = number % kStreams;
  snprintf(path[slot], sizeof(path[slot]), "/assets/%u/app.%x.js", number % 300, number * 2654435761u);
  snprintf(cookie[slot], sizeof(cookie[slot]), "session=%08x%08x", number % 7, number % 5);
  snprintf(tag[slot], sizeof(tag[slot]), "\"6553f100-%x\"", number % 97);
  nghttp2_nv fields[] = {
      field(":method", "GET"),
      field(":scheme", "https"),
      field(":authority", "www.example.com"),
      field(":path", path[slot]),
      field("user-agent",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/126.0.0.0 Safari/537.36"),
      field("accept", number % 4 == 0 ? "image/avif,image/webp,*/*;q=0.8" : "*/*"),
      field("accept-encoding", "gzip, deflate, br, zstd"),
      field("accept-language", "en-GB,en;q=0.9"),
      field("referer", "https://www.example.com/"),
      field("cookie", cookie[slot]),
      field("if-none-match", tag[slot]),
  };
  size_t count = sizeof(fields) / sizeof(fields[0]) - (number % 5 == 0 ? 0 : 1);
  nghttp2_submit_request(client->session, NULL, fields, number % 3 == 0 ? 5 : count, NULL, NULL);
}

static void answer(struct end *server, int32_t stream, unsigned number) {
  static char length[kStreams][16], age[kStreams][16], status[kStreams][64], tag[kStreams][64];
  unsigned slot = number % kStreams;
  int not_modified = number % 5 == 0;
  size_t size = number % 16 == 0 ? kBody : number % 7 == 0 ? kChunk : 1024;
  nghttp2_data_provider provider = {{0}, read_body};
  snprintf(length[slot], sizeof(length[slot]), "%zu", size);
  snprintf(age[slot], sizeof(age[slot]), "%u", number % 3600);
  snprintf(status[slot], sizeof(status[slot]), "skerry-edge; hit; ttl=%u", 3600 - number % 3600);
  snprintf(tag[slot], sizeof(tag[slot]), "\"6553f100-%x\"", number % 97);
  nghttp2_nv fields[] = {
      field(":status", not_modified ? "304" : "200"),
      field("date", "Tue, 14 Nov 2023 22:13:20 GMT"),
      field("last-modified", "Tue, 14 Nov 2023 20:00:00 GMT"),
      field("etag", tag[slot]),
      field("cache-control", "public, max-age=3600"),
      field("age", age[slot]),
      field("cache-status", status[slot]),
      field("via", "1.1 skerry-edge"),
      field("content-type", number % 4 == 0 ? "image/avif" : "text/javascript"),
      field("accept-ranges", "bytes"),
      field("content-length", length[slot]),
  };
  *left_of(server, stream) = size;
  if (number % 61 == 0) {
    nghttp2_submit_rst_stream(server->session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  } else {
    nghttp2_submit_response(server->session, stream, fields, not_modified ? 8 : 11,
                            not_modified ? NULL : &provider);
  }
}

int main(void) {
  static struct end client, server;
  unsigned asked = 0, answered = 0;
  for (int connection = 0; connection < 8; ++connection) {
    start(&client, 0);
    start(&server, 1);
    for (int round = 0; round < kRounds / 8; ++round) {
      unsigned streams = round % 4 == 0 ? 1 : kStreams;
      for (unsigned i = 0; i < streams; ++i) ask(&client, asked++);
      carry(&client, &server);
      for (size_t i = 0; i < server.answers; ++i) answer(&server, server.answer[i], answered++);
      server.answers = 0;
      while (client.closed < streams) {
        carry(&server, &client);
        carry(&client, &server);
      }
      client.closed = 0;
    }
    nghttp2_session_del(client.session);
    nghttp2_session_del(server.session);
  }
  return 0;
}
