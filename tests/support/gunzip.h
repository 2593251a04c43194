// Takes apart what the service compressed.
#pragma once

#include <gtest/gtest.h>
#include <libdeflate.h>

#include <string>
#include <string_view>

namespace repopulse::test {

// `size`: of the text that was compressed.
inline std::string Gunzip(std::string_view bytes, size_t size) {
  std::string text(size, '\0');
  libdeflate_decompressor* decompressor = libdeflate_alloc_decompressor();
  EXPECT_EQ(libdeflate_gzip_decompress(decompressor, bytes.data(), bytes.size(), text.data(), text.size(), nullptr),
            LIBDEFLATE_SUCCESS);
  libdeflate_free_decompressor(decompressor);
  return text;
}

}  // namespace repopulse::test
