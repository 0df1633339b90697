-- Creates users, each with a login of its own, with the keys of a file in turn.
local keys, tag, count = {}, "", 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    keys[#keys + 1] = {
      ["Fastly-Key"] = line,
      ["Content-Type"] = "application/x-www-form-urlencoded",
    }
  end
  tag = arguments[2]
end

function request()
  count = count + 1
  local body = "role=engineer&name=Ben+Engineer&login=ben-" .. tag .. "-" .. count .. "%40example.com"
  return wrk.format("POST", "/user", keys[count % #keys + 1], body)
end

dofile(os.getenv("BENCH_DONE"))
