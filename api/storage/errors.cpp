#include "storage/errors.h"

namespace repopulse {

// Numbers: mariadb.com/kb/en/mariadb-error-code-reference, dev.mysql.com/doc/mysql-errors/8.0/en
ErrorMeaning MeaningOf(unsigned number, bool timed_out) {
  using enum ErrorCode;
  using enum ConnectionHealth;
  switch (number) {
    case 2002:  // connection refused, no such socket
    case 2003:
    case 2005:  // unknown host
    case 2012:  // error in the handshake
    case 1040:  // too many connections
    case 1203:  // too many connections of this user
    case 1226:
      return {kUnavailable, kLost};
    case 2006:  // server has gone away
    case 2013:  // lost connection
    case 2055:
    case 2026:
      return timed_out ? ErrorMeaning{kTimeout, kTimedOut} : ErrorMeaning{kUnavailable, kLost};
    case 1053:  // server shutdown in progress
    case 1077:
    case 1927:  // connection was killed
      return {kUnavailable, kLost};
    case 1290:  // read-only server
    case 1836:
    case 1021:  // disk full
    case 1041:  // out of memory
    case 1114:  // table is full
      return {kUnavailable, kUsable};
    case 1205:  // waited too long for a lock
      return {kTimeout, kUsable, true};
    case 1213:  // deadlock
    case 1412:  // a snapshot is older than the table's present definition: events have got a new day
      return {kUnavailable, kUsable, true};
    case 1317:  // interrupted
    case 1969:  // MariaDB: max_statement_time
    case 3024:  // MySQL: max_execution_time
      return {kTimeout, kUsable};
    case 1044:  // access denied
    case 1045:
    case 1698:
      return {kUnavailable, kLost};
    case 1049:  // unknown database
      return {kInternal, kLost};
    // Values are checked at the edge: what the server still refuses is a mistake of ours, and nobody else's to hear.
    case 1048:  // column cannot be null
    case 1062:  // duplicate key
    case 1153:  // packet too large
    case 1264:  // out of range
    case 1292:  // incorrect time
    case 1366:  // incorrect text
    case 1406:  // too long
    case 1050:  // table exists
    case 1051:  // unknown table
    case 1054:  // unknown column
    case 1060:  // duplicate column
    case 1061:  // duplicate key name
    case 1064:  // syntax
    case 1091:  // cannot drop
    case 1146:  // no such table
      return {kInternal, kUsable};
    default:
      return {kInternal, kLost};
  }
}

}  // namespace repopulse
