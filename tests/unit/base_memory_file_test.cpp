#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "base/memory_file.h"

namespace repopulse {
namespace {

TEST(MemoryFile, HoldsACopyOfTheBytes) {
  std::string text = std::string(100'000, 'x') + std::string("\0end", 4);
  const auto file = MemoryFile::Of(text);
  ASSERT_TRUE(file);
  const std::string kept = text;
  text.assign(text.size(), 'y');
  EXPECT_TRUE(file->bytes() == kept);
  std::string read(kept.size() + 1, '\0');
  EXPECT_EQ(::pread(file->fd(), read.data(), read.size(), 0), static_cast<ssize_t>(kept.size()));
  read.pop_back();
  EXPECT_TRUE(read == kept);
}

TEST(MemoryFile, CanNeitherBeChangedNorShortened) {
  const auto file = MemoryFile::Of("sealed");
  ASSERT_TRUE(file);
  EXPECT_EQ(::pwrite(file->fd(), "x", 1, 0), -1);
  EXPECT_EQ(::ftruncate(file->fd(), 0), -1);
  EXPECT_EQ(::ftruncate(file->fd(), 100), -1);
  EXPECT_EQ(file->bytes(), "sealed");
}

TEST(MemoryFile, IsClosedAtItsEnd) {
  auto file = MemoryFile::Of("x");
  ASSERT_TRUE(file);
  const int fd = file->fd();
  file.reset();
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST(MemoryFile, IsNotThereWhereTheSystemRefuses) {
  EXPECT_FALSE(MemoryFile::Of(""));  // there is no mapping of nothing
}

}  // namespace
}  // namespace repopulse
