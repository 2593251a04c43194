// Many rows for one INSERT, column by column, as the server takes them fastest.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "storage/connection.h"

namespace repopulse {

enum class BulkKind { kInteger, kText, kBytes, kTime };

// Texts and bytes are borrowed: they must outlive the statement.
class BulkRows {
 public:
  BulkRows(std::initializer_list<BulkKind> columns, size_t rows_expected);

  // One row; a value for each column, in their order and of their kinds (a nullopt is of any).
  template <class... Values>
  void Add(const Values&... values) {
    size_t column = 0;
    (Put(columns_[column++], values), ...);
    ++size_;
  }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] size_t column_count() const { return columns_.size(); }
  [[nodiscard]] Value At(size_t row, size_t column) const;
  // The end of the longest run of rows from `begin` on that fit into one message to the server.
  [[nodiscard]] size_t EndOfMessage(size_t begin, size_t rows_max) const;

 private:
  friend class BoundArrays;
  struct Column {
    BulkKind kind = BulkKind::kInteger;
    std::vector<int64_t> integers;
    std::vector<std::string_view> texts;
    std::vector<TimePoint> times;
    std::vector<char> nulls;  // for each row
    bool has_nulls = false;
  };
  static bool IsText(const Column& column) { return column.kind == BulkKind::kText || column.kind == BulkKind::kBytes; }
  static void Put(Column& column, int64_t value);
  static void Put(Column& column, std::string_view value);
  static void Put(Column& column, TimePoint value);
  static void Put(Column& column, std::nullopt_t);
  template <class T>
  static void Put(Column& column, const std::optional<T>& value) {
    if (value) {
      Put(column, *value);
    } else {
      Put(column, std::nullopt);
    }
  }

  std::vector<Column> columns_;
  size_t size_ = 0;
};

}  // namespace repopulse
