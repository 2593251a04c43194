#include "storage/bulk.h"

#include <algorithm>

#include "storage/bound_arrays.h"

namespace repopulse {
namespace {

// Far below the 16 MiB that the servers take by default.
constexpr size_t kMessageBytesMax = 4UL * 1024 * 1024;
constexpr size_t kValueBytes = 12;

}  // namespace

BulkRows::BulkRows(std::initializer_list<BulkKind> columns, size_t rows_expected) : columns_(columns.size()) {
  size_t i = 0;
  for (BulkKind kind : columns) {
    Column& column = columns_[i++];
    column.kind = kind;
    column.nulls.reserve(rows_expected);
    if (kind == BulkKind::kInteger) column.integers.reserve(rows_expected);
    if (IsText(column)) column.texts.reserve(rows_expected);
    if (kind == BulkKind::kTime) column.times.reserve(rows_expected);
  }
}

void BulkRows::Put(Column& column, int64_t value) {
  column.integers.push_back(value);
  column.nulls.push_back(0);
}

void BulkRows::Put(Column& column, std::string_view value) {
  column.texts.push_back(value);
  column.nulls.push_back(0);
}

void BulkRows::Put(Column& column, TimePoint value) {
  column.times.push_back(value);
  column.nulls.push_back(0);
}

void BulkRows::Put(Column& column, std::nullopt_t) {
  if (column.kind == BulkKind::kInteger) column.integers.push_back(0);
  if (IsText(column)) column.texts.emplace_back();
  if (column.kind == BulkKind::kTime) column.times.emplace_back();
  column.nulls.push_back(1);
  column.has_nulls = true;
}

Value BulkRows::At(size_t row, size_t column) const {
  const Column& values = columns_[column];
  if (values.nulls[row] != 0) return std::nullopt;
  if (values.kind == BulkKind::kInteger) return values.integers[row];
  if (values.kind == BulkKind::kText) return values.texts[row];
  if (values.kind == BulkKind::kBytes) return Bytes{values.texts[row]};
  return values.times[row];
}

size_t BulkRows::EndOfMessage(size_t begin, size_t rows_max) const {
  const size_t last = std::min(size_, begin + rows_max);
  size_t bytes = 0;
  for (size_t row = begin; row < last; ++row) {
    for (const Column& column : columns_) {
      bytes += kValueBytes + (IsText(column) ? column.texts[row].size() : 0);
    }
    if (bytes > kMessageBytesMax && row > begin) return row;
  }
  return last;
}

BoundArrays::BoundArrays(const BulkRows& rows, size_t begin, size_t end)
    : binds_(rows.column_count()),
      texts_(rows.column_count()),
      times_(rows.column_count()),
      nulls_(rows.column_count()) {
  for (size_t i = 0; i < binds_.size(); ++i) Bind(i, rows.columns_[i], begin, end);
}

void BoundArrays::Bind(size_t i, const BulkRows::Column& column, size_t begin, size_t end) {
  MYSQL_BIND& bind = binds_[i];
  const size_t count = end - begin;
  if (column.kind == BulkKind::kInteger) {
    bind.buffer_type = MYSQL_TYPE_LONGLONG;
    bind.buffer = const_cast<int64_t*>(column.integers.data() + begin);  // the library only reads parameters
  } else if (BulkRows::IsText(column)) {
    Texts& texts = texts_[i];
    texts.data.reserve(count);
    texts.sizes.reserve(count);
    for (size_t row = begin; row < end; ++row) {
      texts.data.push_back(column.texts[row].empty() ? "" : column.texts[row].data());
      texts.sizes.push_back(column.texts[row].size());
    }
    bind.buffer_type = column.kind == BulkKind::kBytes ? MYSQL_TYPE_BLOB : MYSQL_TYPE_STRING;
    bind.buffer = texts.data.data();
    bind.length = texts.sizes.data();
  } else {
    Times& times = times_[i];
    times.values.reserve(count);
    times.pointers.reserve(count);
    for (size_t row = begin; row < end; ++row) {
      times.values.push_back(ToMysqlTime(column.times[row]));
      times.pointers.push_back(&times.values.back());
    }
    bind.buffer_type = MYSQL_TYPE_DATETIME;
    bind.buffer = times.pointers.data();
  }
  if (column.has_nulls) {
    nulls_[i].reserve(count);
    for (size_t row = begin; row < end; ++row) {
      nulls_[i].push_back(column.nulls[row] != 0 ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE);
    }
    bind.u.indicator = nulls_[i].data();
  }
}

}  // namespace repopulse
