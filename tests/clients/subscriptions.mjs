// Has each client of others follow payments over a connection that is cut, and resume: nothing missed, nothing twice.
//
//   BILLPAY_URL=http://127.0.0.1:8080 TOKEN=… node subscriptions.mjs
//
// All clients run at once, in one tenant, and each must hear exactly what the log holds. Prints one line a client; ends
// with 0 only if all held.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { CLIENTS } from './subscriptions/clients.mjs';
import { lineTo } from './subscriptions/line.mjs';

const TOTAL_LIMIT_MS = 60_000;
const STEP_LIMIT_MS = 60_000;
const BILLER = 'KPLC POSTPAID';
// In the sandbox it is taken, and paid a while later.
const PAID_LATER = '2222222';
const WATCH = `subscription Watch($after: Sequence) { paymentsUpdated(after: $after) {
  sequence version status payment { id } } }`;
const PAY = `mutation Pay($input: CreatePaymentInput!) { createPayment(input: $input) {
  payment { id } errors { code message } } }`;
const LOG = `query Log($after: Sequence) { events(after: $after, first: 100) {
  nodes { ... on PaymentEvent { sequence version status payment { id } } } pageInfo { endCursor hasNextPage } } }`;

const { BILLPAY_URL, TOKEN } = process.env;
if (!BILLPAY_URL || !TOKEN) {
  console.error('usage: BILLPAY_URL=… TOKEN=… node subscriptions.mjs');
  process.exit(2);
}
setTimeout(() => {
  console.log(`FAIL the whole took longer than ${TOTAL_LIMIT_MS / 1000} s`);
  process.exit(1);
}, TOTAL_LIMIT_MS).unref();

// ---- asked directly, to compare with ---------------------------------------------------------

async function ask(query, variables) {
  const answer = await fetch(new URL('/graphql', BILLPAY_URL), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(STEP_LIMIT_MS),
  });
  const { data, errors } = await answer.json();
  assert(!errors, JSON.stringify(errors));
  return data;
}

const head = async () => (await ask('{ viewer { eventsHead } }')).viewer.eventsHead;

async function billerId() {
  const { billers } = await ask(`{ billers(search: "${BILLER}", first: 100) { nodes { id name } } }`);
  const biller = billers.nodes.find(({ name }) => name === BILLER);
  assert(biller, `there is no biller ${BILLER}`);
  return biller.id;
}

// The events of payments behind `after`, up to and with `last`.
async function logged(after, last) {
  const found = [];
  for (let page = { endCursor: after, hasNextPage: true }; page.hasNextPage; ) {
    const { events } = await ask(LOG, { after: page.endCursor });
    found.push(...events.nodes.filter(({ payment }) => payment));
    page = events.pageInfo;
  }
  return found.filter(({ sequence }) => Number(sequence) <= Number(last)).map(line);
}

const line = ({ sequence, version, status, payment }) => `${sequence} ${payment.id} ${version} ${status}`;

// ---- one client --------------------------------------------------------------------------------

class Listener {
  constructor(client, after) {
    this.client = client;
    this.after = after;
    this.heard = [];
  }

  // Listens behind the last event that was heard. `ended` becomes what ended the stream.
  listen() {
    this.ended = undefined;
    const onData = ({ paymentsUpdated: event }) => {
      this.heard.push(event);
      this.after = event.sequence;
    };
    const onEnd = (cause) => { this.ended ??= cause ?? 'completed'; };
    this.stop = this.client.listen(WATCH, { after: this.after }, onData, onEnd);
  }

  statuses(payment) {
    return this.heard.filter((event) => event.payment.id === payment).map(({ status }) => status);
  }

  async until(holds, what) {
    const end = Date.now() + STEP_LIMIT_MS;
    while (!holds()) {
      assert(this.ended === undefined, `the stream ended before ${what}: ${told(this.ended)}`);
      assert(Date.now() < end, `waited in vain for ${what}; heard ${this.heard.map(line).join(', ') || 'nothing'}`);
      await pause();
    }
  }

  async untilPaid(payment) {
    await this.until(() => this.statuses(payment).includes('SUCCEEDED'), `${payment} to be paid`);
  }

  async untilEnded() {
    const end = Date.now() + STEP_LIMIT_MS;
    while (this.ended === undefined) {
      assert(Date.now() < end, 'the client did not notice that the connection is gone');
      await pause();
    }
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 10));
const told = (cause) => cause?.message ?? cause?.reason ?? JSON.stringify(cause);

async function pay(client, biller) {
  const input = {
    idempotencyKey: randomUUID(),
    target: { account: { billerId: biller, accountReference: PAID_LATER } },
    amount: { amount: '15', currency: 'KES' },
    payer: { name: 'Irina Muthoni', phoneNumber: '+254710000000' },
    evenIfBeingPaid: true,
    wait: 'RECORDED',
  };
  const { createPayment } = await client.pay(PAY, { input });
  assert(createPayment.payment, JSON.stringify(createPayment.errors));
  return createPayment.payment.id;
}

async function follow(client, cut, biller) {
  const start = await head();
  const listener = new Listener(client, start);
  listener.listen();
  const first = await pay(client, biller);
  await listener.untilPaid(first);

  const second = await pay(client, biller);
  await listener.until(() => listener.statuses(second).length > 0, `${second} to begin`);
  cut();
  await listener.untilEnded();
  const third = await pay(client, biller);
  await paidUnheard([second, third]);

  const before = listener.heard.length;
  listener.listen();
  await listener.untilPaid(second);
  await listener.untilPaid(third);
  listener.stop();
  assert(listener.heard.length > before, 'nothing was missing, so nothing was proven');
  await compare(listener, start, [first, second, third]);
  return `${listener.heard.length} events, ${listener.heard.length - before} of them after the cut`;
}

async function paidUnheard(payments) {
  const end = Date.now() + STEP_LIMIT_MS;
  for (;;) {
    const { nodes } = await ask('query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Payment { status } } }', { ids: payments });
    if (nodes.every(({ status }) => status === 'SUCCEEDED')) return;
    assert(Date.now() < end, `not paid: ${JSON.stringify(nodes)}`);
    await pause();
  }
}

async function compare({ heard, after }, start, payments) {
  assert.deepEqual(heard.map(line), await logged(start, after), 'what was heard is what the log holds');
  for (const payment of payments) {
    const versions = heard.filter((event) => event.payment.id === payment).map(({ version }) => version);
    assert.deepEqual(versions, versions.map((_, n) => n + 1), 'versions are gap-free');
    assert(versions.length >= 3, 'a whole life was heard');
  }
}

async function run(name, make, biller) {
  const from = Date.now();
  const way = await lineTo(BILLPAY_URL);
  const client = make({ url: way.url, token: TOKEN });
  try {
    const said = await follow(client, way.cut, biller);
    console.log(`ok   ${name}: ${said} (${Date.now() - from} ms)`);
    return true;
  } catch (cause) {
    console.log(`FAIL ${name}: ${cause?.stack ?? told(cause)}`);
    return false;
  } finally {
    await client.close();
    way.close();
  }
}

const biller = await billerId();
const runs = Object.entries(CLIENTS).map(([name, make]) => run(name, make, biller));
const held = (await Promise.all(runs)).filter(Boolean).length;
console.log(`${held} of ${runs.length} clients held`);
process.exit(held === runs.length ? 0 : 1);
