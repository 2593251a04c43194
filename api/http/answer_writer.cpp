#include "http/answer_writer.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

#include "base/log.h"
#include "base/strings.h"

namespace repopulse::http {
namespace {

constexpr std::string_view kGzipSuffix = "-gz";

struct Message {
  int status = 200;
  std::string head;
  std::string_view body;
  const MemoryFile* file = nullptr;  // that holds the body, if one does
};

void AppendStatusLine(std::string& head, int status) {
  fmt::format_to(std::back_inserter(head), "HTTP/1.1 {} {}\r\n", status, ReasonPhrase(status));
}

void AppendCommon(std::string& head, const WriteOptions& options) {
  fmt::format_to(std::back_inserter(head), "Date: {}\r\nX-Replica: {}\r\n", options.date, options.replica);
  if (!options.replay_now.empty()) {
    fmt::format_to(std::back_inserter(head), "X-Replay-Now: {}\r\n", options.replay_now);
  }
  if (options.close) head += "Connection: close\r\n";
  head += "\r\n";
}

Message Compose(const Response& response, const WriteOptions& options) {
  Message message{response.status, {}, response.body, nullptr};
  AppendStatusLine(message.head, response.status);
  if (!response.content_type.empty()) message.head += "Content-Type: " + response.content_type + "\r\n";
  // Answers made for one request are not for caches, and the status of a 204 forbids a length.
  message.head += "Cache-Control: no-store\r\n";
  if (response.headers.find("Access-Control-Allow-Origin") == std::string::npos) {
    message.head += "Access-Control-Allow-Origin: *\r\n";
  }
  message.head += response.headers;
  if (response.status != 204) {
    fmt::format_to(std::back_inserter(message.head), "Content-Length: {}\r\n", response.body.size());
  }
  AppendCommon(message.head, options);
  return message;
}

Message Compose(const ReadAnswer& answer, const Request& request, const WriteOptions& options) {
  const Representation& r = *answer.representation;
  const bool gzip = request.accepts_gzip && !r.gzip.empty();
  Message message{r.status, {}, gzip ? r.gzip : r.body, gzip ? nullptr : r.file.get()};
  message.head.reserve(r.headers.size() + 320);
  const bool not_modified = r.status == 200 && MatchesEtag(request.if_none_match, r.etag);
  if (not_modified) message = {304, std::move(message.head), {}, nullptr};
  AppendStatusLine(message.head, message.status);
  message.head += r.headers;
  if (!r.etag.empty()) {
    fmt::format_to(std::back_inserter(message.head), "ETag: \"{}{}\"\r\n", r.etag, gzip ? kGzipSuffix : "");
  }
  if (answer.outlasting) message.head += "Warning: 110 - \"Response is Stale\"\r\n";
  if (!not_modified) {
    if (gzip) message.head += "Content-Encoding: gzip\r\n";
    fmt::format_to(std::back_inserter(message.head), "Content-Length: {}\r\n", message.body.size());
  }
  AppendCommon(message.head, options);
  return message;
}

Message Compose(const Stream& stream, const WriteOptions& options) {
  Message message{200, {}, {}, nullptr};
  AppendStatusLine(message.head, message.status);
  fmt::format_to(std::back_inserter(message.head),
                 "Content-Type: {}\r\nCache-Control: no-store\r\nAccess-Control-Allow-Origin: *\r\n"
                 "Transfer-Encoding: chunked\r\n",
                 stream.content_type);
  AppendCommon(message.head, options);
  return message;
}

Message Compose(const Answer& answer, const Request& request, const WriteOptions& options) {
  if (const auto* response = std::get_if<Response>(&answer.content)) return Compose(*response, options);
  if (const auto* stream = std::get_if<Stream>(&answer.content)) return Compose(*stream, options);
  return Compose(std::get<ReadAnswer>(answer.content), request, options);
}

// False where the socket takes nothing more in time.
bool AwaitRoom(int socket, SteadyTime until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  pollfd writable{socket, POLLOUT, 0};
  return left.count() > 0 && ::poll(&writable, 1, static_cast<int>(left.count())) != 0;
}

bool IsFull(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

// True when all was sent.
bool SendAll(int socket, std::array<iovec, 2> parts, int flags, SteadyTime until) {
  size_t first = 0;
  while (first < parts.size()) {
    if (parts[first].iov_len == 0) {
      ++first;
      continue;
    }
    msghdr message{};
    message.msg_iov = &parts[first];
    message.msg_iovlen = parts.size() - first;
    ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT | flags);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && IsFull(errno)) {
      if (!AwaitRoom(socket, until)) return false;
      continue;
    }
    if (sent < 0) return false;
    for (auto done = static_cast<size_t>(sent); first < parts.size() && done > 0;) {
      const size_t step = std::min(done, parts[first].iov_len);
      parts[first].iov_base = static_cast<char*>(parts[first].iov_base) + step;
      parts[first].iov_len -= step;
      done -= step;
      if (parts[first].iov_len == 0) ++first;
    }
  }
  return true;
}

// The same for a file.
bool SendAll(int socket, const MemoryFile& file, SteadyTime until) {
  const auto size = static_cast<off_t>(file.bytes().size());
  for (off_t next = 0; next < size;) {
    const ssize_t sent = ::sendfile(socket, file.fd(), &next, static_cast<size_t>(size - next));
    if (sent > 0 || (sent < 0 && errno == EINTR)) continue;
    if (sent == 0 || !IsFull(errno) || !AwaitRoom(socket, until)) return false;
  }
  return true;
}

iovec View(std::string_view text) { return {const_cast<char*>(text.data()), text.size()}; }

// One chunk (RFC 9112 section 7.1); an empty one is the last.
bool SendChunk(int socket, std::string chunk, SteadyTime until, size_t& bytes) {
  const std::string size = fmt::format("{:x}\r\n", chunk.size());
  chunk += "\r\n";
  bytes += size.size() + chunk.size();
  return SendAll(socket, {View(size), View(chunk)}, 0, until);
}

// All pieces, and what they came to.
bool SendAll(int socket, const Stream& stream, const Request& request, SteadyTime until, size_t& bytes) {
  for (std::string piece = stream.first; !piece.empty();) {
    if (!SendChunk(socket, std::move(piece), until, bytes)) return false;
    auto next = stream.next();
    if (!next) {
      LogWarn("stream_cut", {{"request_id", request.request_id}, {"error", next.error().message}});
      return false;
    }
    piece = *std::move(next);
  }
  return SendChunk(socket, {}, until, bytes);
}

}  // namespace

bool MatchesEtag(std::string_view if_none_match, std::string_view etag) {
  if (if_none_match.empty() || etag.empty()) return false;
  for (std::string_view candidate : Split(if_none_match, ',')) {
    candidate = TrimSpace(candidate);
    if (candidate == "*") return true;
    if (candidate.starts_with("W/")) candidate.remove_prefix(2);
    if (candidate.size() < 2 || candidate.front() != '"' || candidate.back() != '"') continue;
    candidate = candidate.substr(1, candidate.size() - 2);
    if (candidate.ends_with(kGzipSuffix)) candidate.remove_suffix(kGzipSuffix.size());
    if (candidate == etag) return true;
  }
  return false;
}

Written WriteAnswer(int socket, const Request& request, const Answer& answer, const WriteOptions& options,
                    std::chrono::milliseconds deadline) {
  const Message message = Compose(answer, request, options);
  const std::string_view body = options.head_only ? std::string_view() : message.body;
  const SteadyTime until = std::chrono::steady_clock::now() + deadline;
  const MemoryFile* file = options.head_only ? nullptr : message.file;
  const Stream* stream = options.head_only ? nullptr : std::get_if<Stream>(&answer.content);
  size_t bytes = message.head.size() + body.size();
  bool complete = file == nullptr
                      ? SendAll(socket, {View(message.head), View(body)}, 0, until)
                      : SendAll(socket, {View(message.head), {}}, MSG_MORE, until) && SendAll(socket, *file, until);
  if (complete && stream != nullptr) complete = SendAll(socket, *stream, request, until, bytes);
  if (!complete) ::shutdown(socket, SHUT_RDWR);
  return {message.status, bytes, complete};
}

}  // namespace repopulse::http
