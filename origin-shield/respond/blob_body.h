// The bytes of a blob, or of a part of it, as a session pulls them: a piece in hand
// and the next one on its way.
#pragma once

#include <memory>

#include "core/http/body.h"
#include "core/net/loop.h"
#include "origin-shield/respond/pieces.h"
#include "origin-shield/respond/respond.h"

namespace skerry::shield {

// `first` is the piece that the part begins in, already loaded: so that what cannot be
// read is known before anything is sent. A later piece that does not verify fails the
// body: the stream is reset, never ended. Owner: a stream. Thread: its loop's.
// REQUIRES: part.count > 0, and part within the blob.
std::unique_ptr<http::BodySource> MakeBlobBody(Pieces& pieces, net::Loop& loop,
                                               const BodyPart& part, Chunk first);

}  // namespace skerry::shield
