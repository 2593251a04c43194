#include "github/event_parser.h"

#include <optional>
#include <string>

#include "base/strings.h"
#include "base/time_format.h"
#include "domain/names.h"
#include "github/json.h"

namespace repopulse {
namespace {

namespace dom = simdjson::dom;
namespace ondemand = simdjson::ondemand;
using simdjson::SUCCESS;

static_assert(kJsonPadding >= simdjson::SIMDJSON_PADDING);

constexpr size_t kPayloadBytesMax = 256 * 1024;
constexpr size_t kLoginBytesMax = 64;
constexpr int64_t kEntriesMax = 1000;  // GitHub sends at most 100
constexpr size_t kReasonsMax = 5;

constexpr const char* kNotJson = "it is not a JSON object";

bool IsNull(ondemand::value& value) {
  bool is_null = false;
  return value.is_null().get(is_null) == SUCCESS && is_null;
}

// Ids are decimal texts or numbers, and above 0.
std::optional<int64_t> ReadId(ondemand::value& value) {
  ondemand::json_type type{};
  int64_t number = 0;
  if (value.type().get(type) != SUCCESS) return std::nullopt;
  if (type == ondemand::json_type::string) {
    std::string_view text;
    if (value.get_string().get(text) != SUCCESS) return std::nullopt;
    number = ParseInteger<int64_t>(text).value_or(0);
  } else if (type != ondemand::json_type::number || value.get_int64().get(number) != SUCCESS) {
    return std::nullopt;
  }
  return number > 0 ? std::optional(number) : std::nullopt;
}

// Calls `use` with each field of the object; false where it is not one, or is broken.
template <class Use>
bool ForEachField(ondemand::value& value, Use use) {
  ondemand::object object;
  if (value.get_object().get(object) != SUCCESS) return false;
  for (auto field : object) {
    std::string_view key;
    ondemand::value item;
    if (field.unescaped_key().get(key) != SUCCESS || field.value().get(item) != SUCCESS) return false;
    use(key, item);
  }
  return true;
}

// What a payload says of the issue, pull request or discussion it is about.
struct Subject {
  std::optional<int64_t> number;
  bool merged = false;
};

std::optional<int64_t> ReadNumber(ondemand::value& value) {
  int64_t number = 0;
  return value.get_int64().get(number) == SUCCESS && number >= 0 ? std::optional(number) : std::nullopt;
}

Subject ReadSubject(ondemand::value& value) {
  Subject subject;
  ForEachField(value, [&subject](std::string_view key, ondemand::value& item) {
    if (key == "number") subject.number = ReadNumber(item);
    bool merged = false;
    if (key == "merged") subject.merged = item.get_bool().get(merged) == SUCCESS && merged;
  });
  return subject;
}

}  // namespace

class EventParser::Reader {
 public:
  tl::expected<Event, NotAnEvent> Read(std::string_view json, TimePoint now,
                                       const std::function<bool(RepositoryId)>& keeps_payload) {
    Clear();
    auto error = ReadRoot(json);
    if (error == simdjson::UTF8_ERROR) {
      sanitized_ = SanitizeUtf8(json);
      const size_t size = sanitized_.size();
      sanitized_.append(kJsonPadding, ' ');
      Clear();
      error = ReadRoot(std::string_view(sanitized_).substr(0, size));
    }
    if (error != SUCCESS) return NoEvent(kNotJson);
    if (!has_id_ && (has_old_repository_ || has_old_actor_)) {
      return tl::make_unexpected(NotAnEvent{true, "it has the form of 2011 to 2014"});
    }
    if (const char* wrong = Finish(now)) return NoEvent(wrong);
    if (keeps_payload && keeps_payload(event_.repository) && IsWhole(payload_)) event_.payload = payload_;
    return std::move(event_);
  }

 private:
  static tl::unexpected<NotAnEvent> NoEvent(const char* reason) {
    return tl::make_unexpected(NotAnEvent{false, reason});
  }

  void Clear() {
    event_ = Event{};
    payload_ = {};
    number_ = issue_ = pull_request_ = discussion_ = std::nullopt;
    wrong_ = nullptr;
    has_id_ = has_type_ = has_time_ = has_old_repository_ = has_old_actor_ = merged_ = false;
  }

  simdjson::error_code ReadRoot(std::string_view json) {
    ondemand::document document;
    if (const auto error =
            parser_.iterate(json.data(), json.size(), json.size() + simdjson::SIMDJSON_PADDING).get(document)) {
      return error;
    }
    ondemand::object object;
    if (const auto error = document.get_object().get(object)) return error;
    for (auto field : object) {
      std::string_view key;
      ondemand::value value;
      if (const auto error = field.unescaped_key().get(key)) return error;
      if (const auto error = field.value().get(value)) return error;
      ReadField(document, key, value);
    }
    return IsReadToItsEnd(document) ? SUCCESS : simdjson::TRAILING_CONTENT;
  }

  void ReadField(ondemand::document& document, std::string_view key, ondemand::value& value) {
    if (key == "id") {
      ReadEventId(value);
    } else if (key == "type") {
      ReadType(value);
    } else if (key == "created_at") {
      ReadTime(value);
    } else if (key == "actor") {
      ReadActor(value);
    } else if (key == "repo") {
      ReadRepository(value);
    } else if (key == "payload") {
      ReadPayload(document, value);
    } else if (key == "repository") {
      has_old_repository_ = true;
    }
  }

  void ReadEventId(ondemand::value& value) {
    const auto id = ReadId(value);
    has_id_ = true;
    if (!id) return Wrong("its id is no positive number of 64 bits");
    event_.id = *id;
  }

  void ReadType(ondemand::value& value) {
    std::string_view text;
    has_type_ = value.get_string().get(text) == SUCCESS && IsEventWord(text);
    if (!has_type_) return Wrong("its type is no word");
    event_.type = text;
  }

  void ReadTime(ondemand::value& value) {
    std::string_view text;
    const auto time = value.get_string().get(text) == SUCCESS ? ParseRfc3339(text) : std::nullopt;
    has_time_ = time.has_value();
    if (!has_time_) return Wrong("its created_at is no time");
    event_.created_at = std::chrono::floor<std::chrono::seconds>(*time);
  }

  void ReadActor(ondemand::value& value) {
    ondemand::json_type type{};
    has_old_actor_ = value.type().get(type) == SUCCESS && type == ondemand::json_type::string;
    if (has_old_actor_) return Wrong("its actor is no object");
    if (IsNull(value)) return;
    const bool is_object = ForEachField(value, [this](std::string_view key, ondemand::value& item) {
      std::string_view text;
      if (key == "id") event_.actor_id = ReadId(item).value_or(0);
      if (key == "login" && item.get_string().get(text) == SUCCESS) {
        event_.actor_login = CleanText(text, kLoginBytesMax);
      }
    });
    if (!is_object) Wrong("its actor is no object");
  }

  // {} and null name none.
  void ReadRepository(ondemand::value& value) {
    if (IsNull(value)) return;
    const bool is_object = ForEachField(value, [this](std::string_view key, ondemand::value& item) {
      std::string_view text;
      if (key == "id" && !IsNull(item)) {
        event_.repository = RepositoryId{ReadId(item).value_or(0)};
        if (event_.repository.value == 0) Wrong("its repository's id is no positive number of 64 bits");
      }
      if (key == "name" && item.get_string().get(text) == SUCCESS && RepositoryName::Parse(text)) {
        event_.repository_name = text;
      }
    });
    if (!is_object) Wrong("its repo is no object");
  }

  void ReadPayload(ondemand::document& document, ondemand::value& value) {
    if (IsNull(value)) return;
    const char* begin = value.raw_json_token().data();
    const bool is_object =
        ForEachField(value, [this](std::string_view key, ondemand::value& item) { ReadPayloadField(key, item); });
    if (!is_object) return Wrong("its payload is no object");
    // Read to its end, so what comes next begins behind it.
    const char* end = nullptr;
    if (document.current_location().get(end) == SUCCESS) {
      payload_ = TrimSpace({begin, static_cast<size_t>(end - begin)});
    }
  }

  void ReadPayloadField(std::string_view key, ondemand::value& value) {
    if (key == "action") {
      ReadAction(value);
    } else if (key == "number") {
      number_ = ReadNumber(value);
    } else if (key == "issue") {
      issue_ = ReadSubject(value).number;
    } else if (key == "discussion") {
      discussion_ = ReadSubject(value).number;
    } else if (key == "pull_request") {
      const Subject subject = ReadSubject(value);
      pull_request_ = subject.number;
      merged_ = subject.merged;
    }
  }

  void ReadAction(ondemand::value& value) {
    std::string_view text;
    if (IsNull(value)) return;
    const bool is_text = value.get_string().get(text) == SUCCESS;
    if (!is_text || (!text.empty() && !IsEventWord(text))) return Wrong("its action is no word");
    event_.action = text;
  }

  // What can only be said once all is read; the reason why it is no event, if so.
  const char* Finish(TimePoint now) {
    if (wrong_ != nullptr) return wrong_;
    if (!has_id_) return "it has no id";
    if (!has_type_) return "it has no type";
    if (!has_time_) return "it has no created_at";
    if (!IsPlausibleEventTime(event_.created_at, now)) return "its created_at is no time an event can have";
    // A name without an id is nobody's: names pass from one repository to another.
    if (event_.repository.value == 0) event_.repository_name.clear();
    for (const auto& number : {issue_, pull_request_, discussion_, number_}) {
      if (!event_.number) event_.number = number;
    }
    event_.merged =
        event_.type == "PullRequestEvent" && (event_.action == "merged" || (event_.action == "closed" && merged_));
    return nullptr;
  }

  bool IsWhole(std::string_view payload) {
    dom::element element;
    return !payload.empty() && payload.size() <= kPayloadBytesMax &&
           payload_parser_.parse(payload.data(), payload.size(), false).get(element) == SUCCESS;
  }

  void Wrong(const char* reason) {
    if (wrong_ == nullptr) wrong_ = reason;
  }

  ondemand::parser parser_;
  dom::parser payload_parser_;
  std::string sanitized_;

  // Of the event that is being read.
  Event event_;
  std::string_view payload_;
  std::optional<int64_t> number_;
  std::optional<int64_t> issue_;
  std::optional<int64_t> pull_request_;
  std::optional<int64_t> discussion_;
  const char* wrong_ = nullptr;
  bool has_id_ = false;
  bool has_type_ = false;
  bool has_time_ = false;
  bool has_old_repository_ = false;
  bool has_old_actor_ = false;
  bool merged_ = false;
};

EventParser::EventParser() : reader_(std::make_unique<Reader>()) {}
EventParser::~EventParser() = default;

tl::expected<Event, NotAnEvent> EventParser::Parse(std::string_view json, TimePoint now,
                                                   const std::function<bool(RepositoryId)>& keeps_payload) {
  return reader_->Read(json, now, keeps_payload);
}

namespace {

tl::unexpected<Error> NotAPage(const char* why) {
  return Fail(ErrorCode::kMalformed, std::string("the page of events ") + why);
}

void Add(EventFeedPage& page, tl::expected<Event, NotAnEvent> event) {
  ++page.delivered;
  if (event) {
    page.events.push_back(*std::move(event));
    return;
  }
  ++page.malformed;
  if (page.malformed_reasons.size() < kReasonsMax) {
    page.malformed_reasons.push_back("entry " + std::to_string(page.delivered) + ": " +
                                     std::string(event.error().reason));
  }
}

}  // namespace

Result<EventFeedPage> ParseEventPage(std::string_view body, TimePoint now) {
  simdjson::padded_string text(body);
  ondemand::parser parser;
  ondemand::document document;
  auto error = parser.iterate(text).get(document);
  if (error == simdjson::UTF8_ERROR) {
    text = simdjson::padded_string(SanitizeUtf8(body));
    error = parser.iterate(text).get(document);
  }
  ondemand::array entries;
  if (error != SUCCESS || document.get_array().get(entries) != SUCCESS) return NotAPage("is not a JSON array");
  EventFeedPage page;
  EventParser events;
  const auto keep = [](RepositoryId) { return true; };
  const bool whole = ForEachElement(entries, [&](std::string_view entry) {
    if (page.delivered == kEntriesMax) return false;
    Add(page, events.Parse(entry, now, keep));
    return true;
  });
  if (!whole || !IsReadToItsEnd(document)) return NotAPage("is not JSON, or has too many entries");
  return page;
}

}  // namespace repopulse
