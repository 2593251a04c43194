#include "service/source_store.h"

namespace repopulse {

std::string_view ToString(SourceKind kind) {
  switch (kind) {
    case SourceKind::kRepository:
      return "repository";
    case SourceKind::kDetails:
      return "details";
    case SourceKind::kFirehose:
      break;
  }
  return "firehose";
}

}  // namespace repopulse
