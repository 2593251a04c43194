#include "github/byte_buffer.h"

#include <sys/mman.h>

#include <new>
#include <utility>

#include "github/event_parser.h"

namespace repopulse {

ByteBuffer::~ByteBuffer() {
  if (mapped_ > 0) munmap(data_, mapped_);
}

ByteBuffer::ByteBuffer(ByteBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, 0)) {}

ByteBuffer& ByteBuffer::operator=(ByteBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mapped_, other.mapped_);
  return *this;
}

void ByteBuffer::Resize(size_t size) {
  const size_t needed = size + kJsonPadding;
  if (needed > mapped_) {
    void* const room = mapped_ == 0 ? mmap(nullptr, needed, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                    : mremap(data_, mapped_, needed, MREMAP_MAYMOVE);
    if (room == MAP_FAILED) throw std::bad_alloc();
    madvise(room, needed, MADV_HUGEPAGE);  // a wish: without it all works the same
    data_ = static_cast<char*>(room);
    mapped_ = needed;
  }
  size_ = size;
}

}  // namespace repopulse
