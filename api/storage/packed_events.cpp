#include "storage/packed_events.h"

namespace repopulse {
namespace {

using std::chrono::seconds;

void AppendNumber(std::string& packed, uint64_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) packed += static_cast<char>(number >> shift);
}

void AppendSeconds(std::string& packed, TimePoint from, TimePoint time, int bytes) {
  AppendNumber(packed, static_cast<uint64_t>(std::chrono::floor<seconds>(time - from).count()), bytes);
}

uint64_t NumberAt(std::string_view packed, size_t at, size_t bytes) {
  uint64_t number = 0;
  for (const char byte : packed.substr(at, bytes)) number = number << 8U | static_cast<unsigned char>(byte);
  return number;
}

TimePoint TimeAt(std::string_view packed, size_t at, size_t bytes, TimePoint from) {
  return from + seconds{static_cast<int64_t>(NumberAt(packed, at, bytes))};
}

}  // namespace

void AppendRollup(std::string& packed, TimePoint hour, const RollupEntry& entry) {
  AppendNumber(packed, static_cast<uint64_t>(entry.type), 2);
  AppendNumber(packed, static_cast<uint64_t>(entry.action), 2);
  AppendNumber(packed, static_cast<uint64_t>(entry.events), 4);
  AppendSeconds(packed, hour, entry.first, 2);
  AppendSeconds(packed, hour, entry.last, 2);
}

void AppendPlace(std::string& packed, TimePoint minute, const PlaceEntry& entry) {
  AppendSeconds(packed, minute, entry.created_at, 1);
  AppendNumber(packed, static_cast<uint64_t>(entry.repository), 8);
}

RollupEntry RollupAt(std::string_view packed, size_t at, TimePoint hour) {
  return {.type = static_cast<int64_t>(NumberAt(packed, at, 2)),
          .action = static_cast<int64_t>(NumberAt(packed, at + 2, 2)),
          .events = static_cast<int64_t>(NumberAt(packed, at + 4, 4)),
          .first = TimeAt(packed, at + 8, 2, hour),
          .last = TimeAt(packed, at + 10, 2, hour)};
}

PlaceEntry PlaceAt(std::string_view packed, size_t at, TimePoint minute) {
  return {.created_at = TimeAt(packed, at, 1, minute), .repository = static_cast<int64_t>(NumberAt(packed, at + 1, 8))};
}

}  // namespace repopulse
