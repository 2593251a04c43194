// An HttpTransport that answers from a list and keeps what it was asked.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "github/http_transport.h"

namespace repopulse::test {

class FakeHttpTransport final : public HttpTransport {
 public:
  // What it shows to a test, which outlives it.
  struct Exchange {
    std::deque<Result<HttpResponse>> answers;  // one for each request, in order
    std::vector<HttpRequest> requests;

    void Answer(int status, std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
      HttpResponse response;
      response.status = status;
      response.headers = std::move(headers);
      response.body = std::move(body);
      answers.emplace_back(std::move(response));
    }
    void Fail(ErrorCode code) { answers.push_back(tl::make_unexpected(Error{code, "as told"})); }
  };

  explicit FakeHttpTransport(Exchange& exchange) : exchange_(exchange) {}

  Result<HttpResponse> Get(const HttpRequest& request, std::stop_token stop) override {
    if (stop.stop_requested()) return repopulse::Fail(ErrorCode::kCancelled, "stopping");
    exchange_.requests.push_back(request);
    if (exchange_.answers.empty()) return repopulse::Fail(ErrorCode::kUnavailable, "nobody answers");
    Result<HttpResponse> answer = std::move(exchange_.answers.front());
    exchange_.answers.pop_front();
    return answer;
  }

 private:
  Exchange& exchange_;
};

}  // namespace repopulse::test
