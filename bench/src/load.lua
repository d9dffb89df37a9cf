-- The requests of the load generator. The body comes from the environment; where it holds @KEY@, each request has a
-- key of its own there: the run, the thread and a count. Tokens are taken in turn.

local run = os.getenv("BENCH_RUN")
local body = os.getenv("BENCH_BODY")

local parts = {}
for part in (body .. "@KEY@"):gmatch("(.-)@KEY@") do
  parts[#parts + 1] = part
end

local headers = {}
for token in os.getenv("BENCH_TOKENS"):gmatch("%S+") do
  headers[#headers + 1] = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token }
end

local threads = 0
local count = 0
local whole = {}

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  if #parts == 1 then
    for place, header in ipairs(headers) do
      whole[place] = wrk.format("POST", nil, header, body)
    end
  end
end

function request()
  count = count + 1
  local place = count % #headers + 1
  if #parts == 1 then
    return whole[place]
  end
  local key = run .. "-" .. number .. "-" .. count
  return wrk.format("POST", nil, headers[place], table.concat(parts, key))
end

function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    'RESULT {"requests":%d,"micros":%d,"bytes":%d,"failed":%d,"p50_micros":%d,"p99_micros":%d}\n',
    summary.requests, summary.duration, summary.bytes, failed, latency:percentile(50), latency:percentile(99)))
end
