// Values of the domain as JSON, and lists in the three formats /api/v1 offers.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "domain/job.h"
#include "domain/ranking.h"
#include "domain/repository.h"
#include "domain/topic.h"

namespace repopulse::http {

using Json = nlohmann::ordered_json;

// Compact text; bytes that are not UTF-8 become U+FFFD.
std::string ToText(const Json& json);

Json ToJson(const Repository& repository);
Json ToJson(const StoredRepository& stored);
Json ToJson(const Growth& growth);
Json ToJson(const RankedRepository& ranked);
Json ToJson(const Topic& topic);
Json ToJson(const Snapshot& snapshot);
Json ToJson(const Job& job);
// What the predecessors' topic endpoints answer for one repository; times as HTTP dates.
Json ToPredecessorJson(const Repository& repository);

enum class ListFormat { kJson, kCsv, kNdjson };
inline const std::vector<std::string_view> kListFormats = {"json", "csv", "ndjson"};
ListFormat ParseListFormat(std::string_view text);  // one of kListFormats
std::string ToString(ListFormat format);
std::string_view ContentType(ListFormat format);

// JSON: {"data": rows, "meta": meta}. NDJSON: a row a line. CSV: RFC 4180, a header row of `columns`; a column
// "growth.stars" is the member of a member; text that a spreadsheet would take for a formula gets an apostrophe before
// it.
std::string RenderList(ListFormat format, const std::vector<Json>& rows, const Json& meta,
                       const std::vector<std::string_view>& columns);

// The rows alone, of CSV or NDJSON; with or without the header row, which only CSV has.
std::string RenderRows(ListFormat format, const std::vector<Json>& rows, const std::vector<std::string_view>& columns,
                       bool header);

}  // namespace repopulse::http
