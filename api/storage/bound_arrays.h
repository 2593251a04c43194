// Rows as MariaDB's bulk protocol wants them (mariadb.com/docs, "Bulk Insert Column Wise Binding"). Only for sources
// that speak to the client library.
#pragma once

#include <vector>

#include "storage/bulk.h"
#include "storage/client.h"
#include "storage/statement.h"

namespace repopulse {

// The rows begin..end; lives until the statement is executed.
class BoundArrays {
 public:
  BoundArrays(const BulkRows& rows, size_t begin, size_t end);
  [[nodiscard]] MYSQL_BIND* data() { return binds_.data(); }

 private:
  struct Texts {
    std::vector<const char*> data;
    std::vector<unsigned long> sizes;
  };
  struct Times {
    std::vector<MYSQL_TIME> values;
    std::vector<const MYSQL_TIME*> pointers;
  };
  void Bind(size_t i, const BulkRows::Column& column, size_t begin, size_t end);

  std::vector<MYSQL_BIND> binds_;
  std::vector<Texts> texts_;
  std::vector<Times> times_;
  std::vector<std::vector<char>> nulls_;
};

}  // namespace repopulse
