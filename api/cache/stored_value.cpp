#include "cache/stored_value.h"

#include "base/strings.h"

namespace repopulse {

std::string EncodeEntryHeader(uint64_t generation) {
  std::string header(kEntryMagic);
  for (int shift = 0; shift < 64; shift += 8) header.push_back(static_cast<char>((generation >> shift) & 0xFF));
  return header;
}

std::optional<StoredValue> DecodeEntry(std::string_view stored) {
  if (stored.size() < kEntryHeaderSize || !stored.starts_with(kEntryMagic)) return std::nullopt;
  uint64_t generation = 0;
  for (size_t i = 0; i < 8; ++i) {
    generation |= uint64_t{static_cast<unsigned char>(stored[kEntryMagic.size() + i])} << (8 * i);
  }
  return StoredValue{generation, stored.substr(kEntryHeaderSize)};
}

uint64_t DecodeGeneration(std::string_view stored) { return ParseInteger<uint64_t>(stored).value_or(0); }

}  // namespace repopulse
