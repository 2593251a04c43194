#include "http/route.h"

#include "base/strings.h"

namespace repopulse::http {

void RouteTable::Add(Route route) {
  Compiled compiled;
  for (const std::string_view part : Split(route.pattern, '/')) {
    if (part.empty()) continue;
    const size_t end = part.front() == '{' ? part.find('}') : std::string_view::npos;
    const bool named = end != std::string_view::npos;
    compiled.parts.push_back({named, std::string(named ? part.substr(end + 1) : part)});
    compiled.literals += named ? 0 : 1;
  }
  compiled.route = std::move(route);
  by_size_[compiled.parts.size()].push_back(std::move(compiled));
}

bool RouteTable::Part::Matches(std::string_view segment) const {
  if (!named) return segment == text;
  return text.empty() || (segment.size() > text.size() && segment.ends_with(text));
}

bool RouteTable::Matches(const Compiled& compiled, const std::vector<std::string>& segments) {
  for (size_t i = 0; i < segments.size(); ++i) {
    if (!compiled.parts[i].Matches(segments[i])) return false;
  }
  return true;
}

std::vector<const RouteTable::Compiled*> RouteTable::Candidates(const std::vector<std::string>& segments) const {
  std::vector<const Compiled*> best;
  const auto same_size = by_size_.find(segments.size());
  if (same_size == by_size_.end()) return best;
  for (const Compiled& compiled : same_size->second) {
    if (!best.empty() && compiled.literals < best.front()->literals) continue;
    if (!Matches(compiled, segments)) continue;
    if (!best.empty() && compiled.literals > best.front()->literals) best.clear();
    best.push_back(&compiled);
  }
  return best;
}

Checked<RouteTable::Match> RouteTable::Find(const Request& request) const {
  const auto candidates = Candidates(request.segments);
  if (candidates.empty()) return Refuse(NotFound("There is nothing at this path."));
  const Method wanted = request.method == Method::kHead ? Method::kGet : request.method;
  for (const Compiled* compiled : candidates) {
    if (compiled->route.method != wanted) continue;
    Match match{&compiled->route, {}};
    for (size_t i = 0; i < request.segments.size(); ++i) {
      const Part& part = compiled->parts[i];
      const std::string& segment = request.segments[i];
      if (part.named) match.values.push_back(segment.substr(0, segment.size() - part.text.size()));
    }
    return match;
  }
  return Refuse(MethodNotAllowed(Allow(request.segments)));
}

std::string RouteTable::Allow(const std::vector<std::string>& segments) const {
  std::string allow;
  for (const Compiled* compiled : Candidates(segments)) {
    allow += std::string(ToString(compiled->route.method)) + ", ";
    if (compiled->route.method == Method::kGet) allow += "HEAD, ";
  }
  return allow.empty() ? allow : allow + "OPTIONS";
}

std::vector<const Route*> RouteTable::routes() const {
  std::vector<const Route*> all;
  for (const auto& [size, routes] : by_size_) {
    for (const Compiled& compiled : routes) all.push_back(&compiled.route);
  }
  return all;
}

}  // namespace repopulse::http
