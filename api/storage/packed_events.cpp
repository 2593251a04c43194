#include "storage/packed_events.h"

namespace repopulse {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

// A second of an hour needs 12 bits of its 16: above those of the first and the last one stands, in two halves, by how
// many hours theirs lies behind the row's.
constexpr unsigned kSecondBits = 12;
constexpr unsigned kHalfBits = 4;
constexpr uint64_t kSecondMask = (1U << kSecondBits) - 1;
constexpr uint64_t kHalfMask = (1U << kHalfBits) - 1;

void AppendNumber(std::string& packed, uint64_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) packed += static_cast<char>(number >> shift);
}

uint64_t SecondsFrom(TimePoint from, TimePoint time) {
  return static_cast<uint64_t>(std::chrono::floor<seconds>(time - from).count());
}

// Of a type without a sign. Thousands of entries are read for an answer: the compiler makes this two instructions.
template <class Number>
uint64_t NumberAt(std::string_view packed, size_t at) {
  Number number = 0;
  for (size_t i = 0; i < sizeof(Number); ++i) {
    number = static_cast<Number>(number << 8U | static_cast<unsigned char>(packed[at + i]));
  }
  return number;
}

TimePoint Behind(TimePoint from, uint64_t number) { return from + seconds{static_cast<int64_t>(number)}; }

}  // namespace

void AppendRollup(std::string& packed, TimePoint hour, const RollupEntry& entry) {
  AppendNumber(packed, static_cast<uint64_t>(entry.type), 2);
  AppendNumber(packed, static_cast<uint64_t>(entry.action), 2);
  AppendNumber(packed, static_cast<uint64_t>(entry.events), 4);
  const TimePoint own = std::chrono::floor<hours>(entry.first);
  const auto behind = static_cast<uint64_t>((own - hour) / hours{1});
  AppendNumber(packed, SecondsFrom(own, entry.first) | (behind & kHalfMask) << kSecondBits, 2);
  AppendNumber(packed, SecondsFrom(own, entry.last) | behind >> kHalfBits << kSecondBits, 2);
}

void AppendPlace(std::string& packed, TimePoint minute, const PlaceEntry& entry) {
  AppendNumber(packed, SecondsFrom(minute, entry.created_at), 1);
  AppendNumber(packed, static_cast<uint64_t>(entry.repository), 8);
}

RollupEntry RollupAt(std::string_view packed, size_t at, TimePoint hour) {
  const uint64_t first = NumberAt<uint16_t>(packed, at + 8);
  const uint64_t last = NumberAt<uint16_t>(packed, at + 10);
  const TimePoint own = hour + hours{(first >> kSecondBits) | (last >> kSecondBits) << kHalfBits};
  return {.type = static_cast<int64_t>(NumberAt<uint16_t>(packed, at)),
          .action = static_cast<int64_t>(NumberAt<uint16_t>(packed, at + 2)),
          .events = static_cast<int64_t>(NumberAt<uint32_t>(packed, at + 4)),
          .first = Behind(own, first & kSecondMask),
          .last = Behind(own, last & kSecondMask)};
}

PlaceEntry PlaceAt(std::string_view packed, size_t at, TimePoint minute) {
  return {.created_at = Behind(minute, NumberAt<uint8_t>(packed, at)),
          .repository = static_cast<int64_t>(NumberAt<uint64_t>(packed, at + 1))};
}

}  // namespace repopulse
