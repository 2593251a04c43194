-- For wrk: each request asks for one of the targets in a file (one a line), at random, the same in each run.
--   wrk -s many_targets.lua URL -- FILE
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("seed", threads)
end

function init(arguments)
  requests = {}
  for target in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", target)
  end
  math.randomseed(seed)
end

function request()
  return requests[math.random(#requests)]
end
