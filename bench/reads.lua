-- Asks for random lines of a file: `path<tab>key`. The requests are composed before the clock runs.
local requests = {}

function init(arguments)
  for line in io.lines(arguments[1]) do
    local path, key = line:match("^(%S+)\t(%S+)$")
    requests[#requests + 1] = wrk.format("GET", path, { ["Fastly-Key"] = key })
  end
  math.randomseed(tonumber(arguments[2]))
end

function request()
  return requests[math.random(#requests)]
end

dofile(os.getenv("BENCH_DONE"))
