// The client library itself. Only sources of this folder include it.
#pragma once

#include <mysql.h>

namespace repopulse {

// Before any other call on a thread: initialises the library once, and the thread for as long as it lives.
inline void UseClientOnThisThread() {
  struct Library {
    Library() { mysql_library_init(0, nullptr, nullptr); }
  };
  struct Thread {
    Thread() { mysql_thread_init(); }
    ~Thread() { mysql_thread_end(); }
  };
  static const Library library;
  static thread_local const Thread thread;
  static_cast<void>(library);
  static_cast<void>(thread);
}

}  // namespace repopulse
