// How entries and generations are written in Redis, so that what something else (or another version) has written there
// is told apart from ours.
//
//   rp:r:<key>    an entry: 4 bytes "RPv1", the generation it was stored under (8 bytes, little-endian), the payload
//   rp:g:<scope>  a scope's generation, in decimal digits
//   rp:l:<key>    a lock: its holder's random token
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace repopulse {

inline constexpr std::string_view kEntryPrefix = "rp:r:";
inline constexpr std::string_view kGenerationPrefix = "rp:g:";
inline constexpr std::string_view kLockPrefix = "rp:l:";

inline constexpr std::string_view kEntryMagic = "RPv1";
inline constexpr size_t kEntryHeaderSize = 12;

struct StoredValue {
  uint64_t generation = 0;
  std::string_view payload;  // into the text it was read from
};

// What stands before the payload.
std::string EncodeEntryHeader(uint64_t generation);
// Nothing where it is not an entry that this version wrote.
std::optional<StoredValue> DecodeEntry(std::string_view stored);

// 0 where there is none, or none that can be read.
uint64_t DecodeGeneration(std::string_view stored);

}  // namespace repopulse
