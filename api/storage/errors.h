// What the error numbers of server and client library mean to us.
#pragma once

#include "base/result.h"
#include "storage/connection.h"

namespace repopulse {

struct ErrorMeaning {
  ErrorCode code = ErrorCode::kInternal;
  ConnectionHealth health = ConnectionHealth::kLost;
  bool retry = false;  // the same transaction may succeed if tried again
};

// `timed_out`: the read timeout had passed when the connection was lost.
ErrorMeaning MeaningOf(unsigned number, bool timed_out);

}  // namespace repopulse
