#include "service/representation.h"

#include <cstdint>
#include <cstring>

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
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  int64_t Integer() {
    int64_t value = 0;
    const std::string_view bytes = Take(sizeof value);
    if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string Text() {
    const int64_t size = Integer();
    if (size < 0) failed_ = true;
    return std::string(failed_ ? std::string_view() : Take(static_cast<size_t>(size)));
  }
  TimePoint Time() { return TimePoint{std::chrono::microseconds{Integer()}}; }
  [[nodiscard]] bool DoneAndWhole() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view Take(size_t size) {
    if (failed_ || size > rest_.size()) {
      failed_ = true;
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace

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

Result<Representation> DecodeRepresentation(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) return Fail(ErrorCode::kMalformed, "not a representation of this version");
  Reader reader(bytes.substr(kMagic.size()));
  Representation r;
  r.status = static_cast<int>(reader.Integer());
  r.data_as_of = reader.Time();
  r.fresh_until = reader.Time();
  r.usable_until = reader.Time();
  r.headers = reader.Text();
  r.etag = reader.Text();
  r.body = reader.Text();
  r.gzip = reader.Text();
  if (!reader.DoneAndWhole()) return Fail(ErrorCode::kMalformed, "a representation cut short");
  return r;
}

}  // namespace repopulse
