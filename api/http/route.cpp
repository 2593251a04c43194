#include "http/route.h"

#include "base/strings.h"

namespace repopulse::http {
namespace {

constexpr std::string_view kPlaceholder = "{";

}  // namespace

void RouteTable::Add(Route route) {
  Compiled compiled;
  for (const std::string_view part : Split(route.pattern, '/')) {
    if (part.empty()) continue;
    const bool literal = part.front() != '{';
    compiled.parts.emplace_back(literal ? part : kPlaceholder);
    compiled.literals += literal ? 1 : 0;
  }
  compiled.route = std::move(route);
  by_size_[compiled.parts.size()].push_back(std::move(compiled));
}

bool RouteTable::Matches(const Compiled& compiled, const std::vector<std::string>& segments) {
  for (size_t i = 0; i < segments.size(); ++i) {
    if (compiled.parts[i] != kPlaceholder && compiled.parts[i] != segments[i]) return false;
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
      if (compiled->parts[i] == kPlaceholder) match.values.push_back(request.segments[i]);
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
