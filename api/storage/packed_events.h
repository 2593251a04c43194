// How counts and places of events stand packed in one column (db/migrations/0007 and 0008): entries of fixed size,
// big-endian, appended as events come in. One row then holds what would be many, and an index of its own is not needed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace repopulse {

// Of event_rollups.counts: events of one hour. Several entries may tell of the same hour, type and action: they add up.
struct RollupEntry {
  int64_t type = 0;
  int64_t action = 0;
  int64_t events = 0;
  TimePoint first;
  TimePoint last;  // in the same hour
};
// Of event_minutes.places.
struct PlaceEntry {
  TimePoint created_at;
  int64_t repository = 0;
};

inline constexpr size_t kRollupEntryBytes = 12;
inline constexpr size_t kPlaceEntryBytes = 9;

// `hour`: the row's. An entry tells of this hour or of one of the 255 behind it.
void AppendRollup(std::string& packed, TimePoint hour, const RollupEntry& entry);
void AppendPlace(std::string& packed, TimePoint minute, const PlaceEntry& entry);

// The entry that begins at `at`; a whole one must be there.
RollupEntry RollupAt(std::string_view packed, size_t at, TimePoint hour);
PlaceEntry PlaceAt(std::string_view packed, size_t at, TimePoint minute);

// Calls take(entry) for each. What a foreign hand has left of a broken one at the end is not looked at.
template <class Take>
void EachRollup(std::string_view packed, TimePoint hour, const Take& take) {
  for (size_t at = 0; at + kRollupEntryBytes <= packed.size(); at += kRollupEntryBytes) {
    take(RollupAt(packed, at, hour));
  }
}
template <class Take>
void EachPlace(std::string_view packed, TimePoint minute, const Take& take) {
  for (size_t at = 0; at + kPlaceEntryBytes <= packed.size(); at += kPlaceEntryBytes) {
    take(PlaceAt(packed, at, minute));
  }
}

}  // namespace repopulse
