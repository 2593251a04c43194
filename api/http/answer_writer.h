// Writes an answer to a socket: status line, headers and body with one system call where the socket takes them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "http/message.h"

namespace repopulse::http {

struct WriteOptions {
  bool head_only = false;  // HEAD: the headers of the GET, without its body
  bool close = false;      // asks the proxy not to use this connection again
  std::string_view replica;
  std::string_view date;             // HTTP date of now
  std::string_view replay_now = {};  // told in X-Replay-Now; empty: the clock is the real one
};

struct Written {
  int status = 0;  // as sent: 304 where the client's validator still holds
  size_t bytes = 0;
  bool complete = false;  // otherwise the socket was shut down: half an answer must not be taken for a whole one
};

// Blocks at most until `deadline` from now in all, but for the time in which a stream makes a piece. Streams are sent
// in chunks, as who asks is the proxy, in HTTP/1.1. The socket must not block, and the process must ignore SIGPIPE.
Written WriteAnswer(int socket, const Request& request, const Answer& answer, const WriteOptions& options,
                    std::chrono::milliseconds deadline);

// Whether an If-None-Match header names this representation (either variant, weak or strong), RFC 9110 section 13.1.2.
bool MatchesEtag(std::string_view if_none_match, std::string_view etag);

}  // namespace repopulse::http
