// A Representation: what a client gets for one query, made once and served many times.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/memory_file.h"
#include "base/result.h"
#include "base/shared_bytes.h"

namespace repopulse {

struct Representation {
  int status = 200;
  std::string
      headers;  // header lines that depend on the content alone, each with CRLF: Content-Type, Last-Modified, Link …
  SharedBytes body;
  SharedBytes gzip;  // the body compressed; empty where that does not pay
  std::string etag;  // without quotes; the gzip variant's is this with "-gz"
  TimePoint data_as_of{};
  TimePoint fresh_until{};
  TimePoint usable_until{};  // may be served stale until then while something newer is made, or cannot be

  // data_as_of and Last-Modified are when it was made: one that says the same as the one before is as old as that one.
  // Of a fresh one only, not stored.
  bool dated_when_made = false;

  std::shared_ptr<const MemoryFile> file = nullptr;  // the one that holds `body` and nothing else, if there is one

  // Bytes it holds in memory, roughly.
  [[nodiscard]] size_t size_bytes() const {
    return sizeof(Representation) + headers.size() + body.size() + gzip.size() + etag.size();
  }
};

using RepresentationPtr = std::shared_ptr<const Representation>;

// Gives it the age of the one that it takes the place of, where it is dated_when_made and says the same. So
// Last-Modified changes if and only if the body does, and whoever asks with If-Modified-Since alone misses nothing.
void KeepAge(Representation& made, const Representation& before);

// The same with its body in a file; nullptr where the system gives none.
RepresentationPtr WithBodyInFile(const Representation& representation);

// The form kept in Redis: versioned and length-prefixed. kMalformed for anything this version did not write.
std::string EncodeRepresentation(const Representation& representation);
// Body and gzip are parts of `bytes`.
Result<Representation> DecodeRepresentation(const SharedBytes& bytes);

}  // namespace repopulse
