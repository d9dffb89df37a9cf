// A graphql-transport-ws client as an app has it: one subscription, each event as one JSON line.
//
//   BILLPAY_URL=http://127.0.0.1:8080 TOKEN=… node subscribe.mjs '{"query":"subscription {…}","variables":{…}}'
//
// Standard output: `{"connected":true}` once the server has acknowledged, then each result.
// Ends with 0 when the server completes or after EVENTS results, 1 on an error (an
// `{"errors":[…]}` or `{"closed":{code,reason}}` line), 2 when wrongly called. SIGTERM ends it with 0.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const { BILLPAY_URL, TOKEN, EVENTS } = process.env;
const request = parse(process.argv[2]);
if (!BILLPAY_URL || !request?.query) {
  console.error('usage: BILLPAY_URL=… [TOKEN=…] [EVENTS=n] node subscribe.mjs \'{"query":"…","variables":{…}}\'');
  process.exit(2);
}

const url = new URL('/graphql', BILLPAY_URL);
url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
const client = createClient({
  url: url.href,
  webSocketImpl: WebSocket,
  connectionParams: TOKEN ? { authorization: `Bearer ${TOKEN}` } : {},
  retryAttempts: 0,
  onNonLazyError: () => {},
  on: { connected: () => print({ connected: true }) },
});

let ending = false;
let left = EVENTS ? Number(EVENTS) : Infinity;
const stop = client.subscribe(request, {
  next(result) {
    if (ending) return;
    print(result);
    left -= 1;
    if (left <= 0) end(0);
  },
  error(cause) {
    if (Array.isArray(cause)) print({ errors: cause });
    else if (typeof cause?.code === 'number') print({ closed: { code: cause.code, reason: cause.reason } });
    else print({ errors: [{ message: cause?.message ?? String(cause) }] });
    end(1);
  },
  complete: () => end(0),
});
process.on('SIGTERM', () => end(0));
process.on('SIGINT', () => end(0));

async function end(code) {
  if (ending) return;
  ending = true;
  process.exitCode = code;
  stop?.();
  await client.dispose();
  setTimeout(() => process.exit(code), 500).unref();
}

function print(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
