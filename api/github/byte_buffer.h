// Room for many bytes that are not set to anything, on huge pages where the system gives them: for a file of GH
// Archive, touching 16 MiB page by page and filling them with zeros costs as much as unpacking into them.
#pragma once

#include <cstddef>
#include <string_view>

namespace repopulse {

// Belongs to one thread. Throws std::bad_alloc.
class ByteBuffer {
 public:
  ByteBuffer() = default;
  ~ByteBuffer();
  ByteBuffer(ByteBuffer&& other) noexcept;
  ByteBuffer& operator=(ByteBuffer&& other) noexcept;

  // What was there before stays; what is new is anything. kJsonPadding bytes behind it can be read too.
  void Resize(size_t size);
  [[nodiscard]] char* data() { return data_; }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] std::string_view view() const { return {data_, size_}; }

 private:
  char* data_ = nullptr;
  size_t size_ = 0;
  size_t mapped_ = 0;
};

}  // namespace repopulse
