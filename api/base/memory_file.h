// Bytes in a file that exists in memory alone: the kernel hands its pages to a socket (sendfile) without copying them.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace repopulse {

// Sealed when it is made: nobody can change or shorten what is being sent. The file and its mapping end with the
// object.
class MemoryFile {
 public:
  // A file with a copy of `bytes`; nullptr where the system gives none (too many open files, no memory).
  static std::shared_ptr<const MemoryFile> Of(std::string_view bytes);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::string_view bytes() const { return {static_cast<const char*>(address_), size_}; }

 private:
  explicit MemoryFile(int fd) : fd_(fd) {}
  [[nodiscard]] bool Fill(std::string_view bytes);

  const int fd_;
  void* address_ = nullptr;
  size_t size_ = 0;  // of the mapping
};

}  // namespace repopulse
