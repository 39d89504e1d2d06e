-- Posts the bodies of a file in turn, each a line in hex, and prints what it saw as JSON.
local requests, last = {}, 0

function init(args)
  wrk.method = "POST"
  for line in io.lines(args[1]) do
    local body = line:gsub("%x%x", function(byte)
      return string.char(tonumber(byte, 16))
    end)
    requests[#requests + 1] = wrk.format(nil, nil, nil, body)
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    'JSON {"p50_ms": %.3f, "p99_ms": %.3f, "requests_s": %.2f, "errors": %d}\n',
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    summary.requests / summary.duration * 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
