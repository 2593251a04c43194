#include "storage/statement.h"

#include <algorithm>
#include <memory>

#include "base/time_format.h"

namespace repopulse {
namespace {

TimePoint FromMysqlTime(const MYSQL_TIME& time) {
  namespace chrono = std::chrono;
  const chrono::sys_days day =
      chrono::year{static_cast<int>(time.year)} / chrono::month{time.month} / chrono::day{time.day};
  return TimePoint{day} + chrono::hours{time.hour} + chrono::minutes{time.minute} + chrono::seconds{time.second} +
         chrono::microseconds{time.second_part};
}

bool IsTime(enum_field_types type) {
  return type == MYSQL_TYPE_DATE || type == MYSQL_TYPE_DATETIME || type == MYSQL_TYPE_TIMESTAMP ||
         type == MYSQL_TYPE_NEWDATE;
}

bool IsInteger(enum_field_types type) {
  return type == MYSQL_TYPE_TINY || type == MYSQL_TYPE_SHORT || type == MYSQL_TYPE_LONG ||
         type == MYSQL_TYPE_LONGLONG || type == MYSQL_TYPE_INT24;
}

}  // namespace

MYSQL_TIME ToMysqlTime(TimePoint time) {
  const auto day = DayOf(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  MYSQL_TIME result{};
  result.year = static_cast<unsigned>(static_cast<int>(date.year()));
  result.month = static_cast<unsigned>(date.month());
  result.day = static_cast<unsigned>(date.day());
  result.hour = static_cast<unsigned>(clock.hours().count());
  result.minute = static_cast<unsigned>(clock.minutes().count());
  result.second = static_cast<unsigned>(clock.seconds().count());
  result.second_part = static_cast<unsigned long>(clock.subseconds().count());
  result.time_type = MYSQL_TIMESTAMP_DATETIME;
  return result;
}

BoundParameters::BoundParameters(Connection::Parameters parameters)
    : binds_(parameters.size()), integers_(parameters.size()), doubles_(parameters.size()), times_(parameters.size()) {
  for (size_t i = 0; i < parameters.size(); ++i) {
    MYSQL_BIND& bind = binds_[i];
    const auto& value = parameters[i].value_;
    if (const auto* integer = std::get_if<int64_t>(&value)) {
      integers_[i] = *integer;
      bind.buffer_type = MYSQL_TYPE_LONGLONG;
      bind.buffer = &integers_[i];
    } else if (const auto* real = std::get_if<double>(&value)) {
      doubles_[i] = *real;
      bind.buffer_type = MYSQL_TYPE_DOUBLE;
      bind.buffer = &doubles_[i];
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      bind.buffer_type = MYSQL_TYPE_STRING;
      // The library only reads parameters; a null pointer would mean NULL, not an empty text.
      bind.buffer = const_cast<char*>(text->empty() ? "" : text->data());
      bind.buffer_length = text->size();
    } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
      bind.buffer_type = MYSQL_TYPE_BLOB;
      bind.buffer = const_cast<char*>(bytes->data.empty() ? "" : bytes->data.data());
      bind.buffer_length = bytes->data.size();
    } else if (const auto* time = std::get_if<TimePoint>(&value)) {
      times_[i] = ToMysqlTime(*time);
      bind.buffer_type = MYSQL_TYPE_DATETIME;
      bind.buffer = &times_[i];
    } else if (const auto* day = std::get_if<std::chrono::sys_days>(&value)) {
      times_[i] = ToMysqlTime(*day);
      times_[i].time_type = MYSQL_TIMESTAMP_DATE;
      bind.buffer_type = MYSQL_TYPE_DATE;
      bind.buffer = &times_[i];
    } else {
      bind.buffer_type = MYSQL_TYPE_NULL;
    }
  }
}

BoundRow::BoundRow(MYSQL_STMT* statement) : statement_(statement), cells_(mysql_stmt_field_count(statement)) {}

void BoundRow::Bind(Cell& cell, MYSQL_BIND& bind, const MYSQL_FIELD& field) {
  bind.is_null = &cell.is_null;
  if (IsInteger(field.type)) {
    bind.buffer_type = cell.type = MYSQL_TYPE_LONGLONG;
    bind.buffer = &cell.integer;
  } else if (field.type == MYSQL_TYPE_DOUBLE) {
    bind.buffer_type = cell.type = MYSQL_TYPE_DOUBLE;
    bind.buffer = &cell.real;
  } else if (IsTime(field.type)) {
    bind.buffer_type = cell.type = MYSQL_TYPE_DATETIME;
    bind.buffer = &cell.time;
  } else {
    cell.text.resize(std::max<size_t>(field.max_length, 1));
    bind.buffer_type = cell.type = MYSQL_TYPE_STRING;
    bind.buffer = cell.text.data();
    bind.buffer_length = cell.text.size();
    bind.length = &cell.size;
  }
}

int BoundRow::Store() {
  // The longest text of each column is known once all rows are here: no text is ever cut.
  const my_bool measure = 1;
  mysql_stmt_attr_set(statement_, STMT_ATTR_UPDATE_MAX_LENGTH, &measure);
  if (mysql_stmt_store_result(statement_) != 0) return 1;
  const std::unique_ptr<MYSQL_RES, void (*)(MYSQL_RES*)> metadata(mysql_stmt_result_metadata(statement_),
                                                                  mysql_free_result);
  if (!metadata) return 1;
  std::vector<MYSQL_BIND> binds(cells_.size());
  const MYSQL_FIELD* fields = mysql_fetch_fields(metadata.get());
  for (size_t i = 0; i < cells_.size(); ++i) Bind(cells_[i], binds[i], fields[i]);
  return mysql_stmt_bind_result(statement_, binds.data()) != 0 ? 1 : 0;  // copies the bindings
}

int BoundRow::Fetch() { return mysql_stmt_fetch(statement_); }

std::string BoundRow::Text(size_t column) const { return cells_[column].text.substr(0, cells_[column].size); }

TimePoint BoundRow::Time(size_t column) const { return FromMysqlTime(cells_[column].time); }

}  // namespace repopulse
