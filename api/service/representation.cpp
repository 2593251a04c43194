#include "service/representation.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "base/time_format.h"

namespace repopulse {
namespace {

// Changes whenever the layout below changes, so that replicas of two versions can share one Redis.
constexpr std::string_view kMagic = "RPR1";

void PutInteger(std::string& out, int64_t value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); }
void PutText(std::string& out, std::string_view text) {
  PutInteger(out, static_cast<int64_t>(text.size()));
  out += text;
}
void PutTime(std::string& out, TimePoint time) { PutInteger(out, time.time_since_epoch().count()); }

class Reader {
 public:
  Reader(const SharedBytes& bytes, size_t begin) : bytes_(bytes), next_(begin) {}
  int64_t Integer() {
    int64_t value = 0;
    const std::string_view bytes = bytes_.view().substr(Take(sizeof value));
    if (!failed_) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  SharedBytes Bytes() {
    const int64_t size = Integer();
    if (size < 0) failed_ = true;
    const size_t begin = Take(static_cast<size_t>(size));
    return failed_ ? SharedBytes() : bytes_.Part(begin, static_cast<size_t>(size));
  }
  std::string Text() { return Bytes().str(); }
  TimePoint Time() { return TimePoint{std::chrono::microseconds{Integer()}}; }
  [[nodiscard]] bool DoneAndWhole() const { return !failed_ && next_ == bytes_.size(); }

 private:
  // Where the next `size` bytes begin.
  size_t Take(size_t size) {
    if (size > bytes_.size() - next_) failed_ = true;
    if (failed_) return next_;
    return std::exchange(next_, next_ + size);
  }
  const SharedBytes& bytes_;
  size_t next_;
  bool failed_ = false;
};

}  // namespace

void KeepAge(Representation& made, const Representation& before) {
  if (!made.dated_when_made || before.status != made.status || before.etag != made.etag) return;
  const auto line = [](TimePoint at) { return "Last-Modified: " + FormatHttpDate(at) + "\r\n"; };
  const std::string old = line(made.data_as_of);
  if (const size_t at = made.headers.find(old); at != std::string::npos) {
    made.headers.replace(at, old.size(), line(before.data_as_of));
  }
  made.data_as_of = before.data_as_of;
}

RepresentationPtr WithBodyInFile(const Representation& representation) {
  auto file = MemoryFile::Of(representation.body);
  if (!file) return nullptr;
  auto moved = std::make_shared<Representation>(representation);
  moved->body = SharedBytes(file, file->bytes());
  moved->gzip = representation.gzip.str();  // it may be a part of what held the body
  moved->file = std::move(file);
  return moved;
}

std::string EncodeRepresentation(const Representation& r) {
  std::string out;
  out.reserve(r.size_bytes() + 64);
  out += kMagic;
  PutInteger(out, r.status);
  PutTime(out, r.data_as_of);
  PutTime(out, r.fresh_until);
  PutTime(out, r.usable_until);
  PutText(out, r.headers);
  PutText(out, r.etag);
  PutText(out, r.body);
  PutText(out, r.gzip);
  return out;
}

Result<Representation> DecodeRepresentation(const SharedBytes& bytes) {
  if (!bytes.view().starts_with(kMagic)) return Fail(ErrorCode::kMalformed, "not a representation of this version");
  Reader reader(bytes, kMagic.size());
  Representation r;
  r.status = static_cast<int>(reader.Integer());
  r.data_as_of = reader.Time();
  r.fresh_until = reader.Time();
  r.usable_until = reader.Time();
  r.headers = reader.Text();
  r.etag = reader.Text();
  r.body = reader.Bytes();
  r.gzip = reader.Bytes();
  if (!reader.DoneAndWhole()) return Fail(ErrorCode::kMalformed, "a representation cut short");
  return r;
}

}  // namespace repopulse
