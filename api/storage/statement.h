// Buffers between our values and the client library's bindings.
#pragma once

#include <string>
#include <vector>

#include "storage/client.h"
#include "storage/connection.h"

namespace repopulse {

MYSQL_TIME ToMysqlTime(TimePoint time);

// Parameters as the library wants them; lives until the statement is executed.
class BoundParameters {
 public:
  explicit BoundParameters(Connection::Parameters parameters);
  [[nodiscard]] MYSQL_BIND* data() { return binds_.data(); }

 private:
  std::vector<MYSQL_BIND> binds_;
  std::vector<int64_t> integers_;
  std::vector<double> doubles_;
  std::vector<MYSQL_TIME> times_;
};

// The rows of an executed statement, read into buffers of its own one after the other.
class BoundRow final : public Row {
 public:
  explicit BoundRow(MYSQL_STMT* statement);
  // Both give the library's result: 0, an error, or for Fetch MYSQL_NO_DATA.
  int Store();
  int Fetch();

  [[nodiscard]] bool IsNull(size_t column) const override { return cells_[column].is_null != 0; }
  [[nodiscard]] int64_t Int(size_t column) const override { return cells_[column].integer; }
  [[nodiscard]] double Double(size_t column) const override { return cells_[column].real; }
  [[nodiscard]] std::string Text(size_t column) const override;
  [[nodiscard]] TimePoint Time(size_t column) const override;

 private:
  struct Cell {
    enum_field_types type = MYSQL_TYPE_NULL;
    my_bool is_null = 0;
    int64_t integer = 0;
    double real = 0;
    MYSQL_TIME time{};
    std::string text;
    unsigned long size = 0;
  };
  void Bind(Cell& cell, MYSQL_BIND& bind, const MYSQL_FIELD& field);

  MYSQL_STMT* statement_;
  std::vector<Cell> cells_;
};

}  // namespace repopulse
