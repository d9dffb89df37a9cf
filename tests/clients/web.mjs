// Builds examples/web and drives it in a real browser against a running billpay, as a payer would.
//
//   BILLPAY_URL=http://127.0.0.1:8080 TOKEN=… WEB_ORIGIN=http://127.0.0.1:5199 [SCREENSHOT_DIR=…] [CHROMIUM=…] node web.mjs
//
// The server must allow WEB_ORIGIN (BILLPAY_HTTP__ALLOWED_ORIGINS): the page is served there, and reaches billpay
// through a line of this program that can be cut. Prints one line a check; ends with 0 only if all held.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const TOTAL_LIMIT_MS = 100_000;
const STEP_LIMIT_MS = 20_000;
const { BILLPAY_URL, TOKEN, WEB_ORIGIN, SCREENSHOT_DIR } = process.env;
const EXECUTABLE = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'];
const EXAMPLE = fileURLToPath(new URL('../../examples/web', import.meta.url));
const BILLER = 'KPLC POSTPAID';
const LEAST_TARGET_PX = 44;

if (!BILLPAY_URL || !TOKEN || !WEB_ORIGIN || !EXECUTABLE) {
  console.error(EXECUTABLE ? 'usage: BILLPAY_URL=… TOKEN=… WEB_ORIGIN=… node web.mjs' : 'chromium is missing: apt-get install chromium');
  process.exit(2);
}
if (SCREENSHOT_DIR) mkdirSync(SCREENSHOT_DIR, { recursive: true });

const built = mkdtempSync(join(tmpdir(), 'billpay-web-'));
const strangers = new Set();
const complaints = [];
const tolerated = [];
let outage = false;
let passed = 0;
let failed = 0;
let browser;

const limit = setTimeout(async () => {
  console.log(`FAIL the whole took longer than ${TOTAL_LIMIT_MS / 1000} s`);
  setTimeout(() => process.exit(1), 3_000).unref();
  await browser?.close().catch(() => {});
  process.exit(1);
}, TOTAL_LIMIT_MS);

async function check(name, work) {
  const from = Date.now();
  try {
    const said = await work();
    passed += 1;
    console.log(`ok   ${name}${said ? `: ${said}` : ''} (${Date.now() - from} ms)`);
  } catch (cause) {
    failed += 1;
    console.log(`FAIL ${name}: ${String(cause?.message ?? cause).split('\n').slice(0, 12).join('\n       ')}`);
  }
}

function assert(held, message) {
  if (!held) throw new Error(message);
}

async function waitUntil(holds, what) {
  const end = Date.now() + STEP_LIMIT_MS;
  while (!(await holds())) {
    assert(Date.now() < end, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

// ---- a line to billpay that can be cut ---------------------------------------------------------

const line = {
  /** Refuses new connections. */
  down: false,
  /** Passes payments on and loses their answers. */
  losesAnswers: false,
  /** Cuts everything behind the first event that looks so, and stays down. */
  cutBehind: null,
  sockets: new Set(),
  cut() {
    for (const socket of this.sockets) socket.destroy();
  },
};

function openLine() {
  const { hostname, port } = new URL(BILLPAY_URL);
  const server = net.createServer((near) => {
    if (line.down) return near.destroy();
    const far = net.connect(Number(port), hostname);
    for (const socket of [near, far]) {
      line.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        line.sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    let loses = false;
    let frames = null;
    near.on('data', (chunk) => {
      if (chunk.includes('Upgrade: websocket')) frames = Buffer.alloc(0);
      if (line.losesAnswers && chunk.includes('createPayment')) loses = true;
      far.write(chunk);
    });
    far.on('data', (chunk) => {
      if (loses) return near.destroy();
      if (!frames) return near.write(chunk);
      frames = passFrames(Buffer.concat([frames, chunk]), near);
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

// Passes whole frames of a server on, so that a cut falls between two; answers what is left.
function passFrames(bytes, near) {
  for (;;) {
    const size = bytes.subarray(0, 5).toString() === 'HTTP/' ? headSize(bytes) : frameSize(bytes);
    if (!size || size > bytes.length) return bytes;
    const frame = bytes.subarray(0, size);
    bytes = bytes.subarray(size);
    near.write(frame);
    if (line.cutBehind?.test(frame.toString())) {
      line.cutBehind = null;
      line.down = true;
      // What was written is to arrive.
      setTimeout(() => line.cut(), 20);
      return Buffer.alloc(0);
    }
    if (line.down) return Buffer.alloc(0);
  }
}

function headSize(bytes) {
  const end = bytes.indexOf('\r\n\r\n');
  return end < 0 ? null : end + 4;
}

function frameSize(bytes) {
  if (bytes.length < 2) return null;
  const short = bytes[1] & 0x7f;
  if (short < 126) return 2 + short;
  if (bytes.length < 10) return null;
  return short === 126 ? 4 + bytes.readUInt16BE(2) : 10 + Number(bytes.readBigUInt64BE(2));
}

// ---- the page, built and served --------------------------------------------------------------

function build(api) {
  const npm = spawn('npm', ['run', '--silent', 'build', '--', '--outDir', built, '--emptyOutDir', '--logLevel', 'warn'], {
    cwd: EXAMPLE,
    env: { ...process.env, VITE_BILLPAY_URL: api },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (text) => { said += text; });
  return new Promise((resolve, reject) => {
    npm.on('error', reject);
    npm.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`the build ended with ${code}\n${said}`))));
  });
}

async function serve() {
  const { preview } = await import(pathToFileURL(join(EXAMPLE, 'node_modules/vite/dist/node/index.js')).href);
  const { hostname, port } = new URL(WEB_ORIGIN);
  return preview({
    root: EXAMPLE,
    logLevel: 'error',
    build: { outDir: built },
    preview: { host: hostname, port: Number(port), strictPort: true },
  });
}

// ---- a page, watched ---------------------------------------------------------------------------

let allowed = new Set();
function watchRequest(url) {
  const { protocol, host } = new URL(url);
  if (protocol === 'data:' || protocol === 'blob:') return;
  if (!allowed.has(`${protocol}//${host}`)) strangers.add(url);
}

// While the line is down a browser may say that it cannot get through, and nothing else.
function complain(text) {
  if (outage && /net::ERR_|WebSocket connection to '.*' failed|401 \(Unauthorized\)|^HTTP 401/.test(text)) tolerated.push(text);
  else complaints.push(text);
}

async function openPage(viewport, colorScheme, fragment = '') {
  const context = await browser.newContext({ viewport, colorScheme, locale: 'en-GB', reducedMotion: 'reduce' });
  context.setDefaultTimeout(STEP_LIMIT_MS);
  const page = await context.newPage();
  page.on('request', (request) => watchRequest(request.url()));
  page.on('websocket', (socket) => watchRequest(socket.url()));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complain(`${message.type()}: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complain(`thrown: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) complain(`HTTP ${response.status()} ${response.url()}`);
  });
  await page.goto(`${WEB_ORIGIN}/${fragment}`, { waitUntil: 'load' });
  return page;
}

async function picture(page, name) {
  if (SCREENSHOT_DIR) await page.screenshot({ path: join(SCREENSHOT_DIR, `web-${name}.png`), fullPage: true });
}

const button = (page, name) => page.getByRole('button', { name, exact: true });
const statusIs = (page, status) => page.waitForSelector(`#status[data-status="${status}"]`);
const kept = (page) => page.evaluate(() => JSON.parse(sessionStorage.getItem('billpay.intention')));
const eventsOf = (page) => page.$$eval('#events li', (rows) => rows.map(({ dataset }) => ({ ...dataset })));

async function chooseBiller(page, name) {
  await page.getByLabel('Name of the biller').fill(name);
  await page.locator(`.biller[data-name="${name}"]`).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

async function lookUp(page, account) {
  await page.getByLabel('Account or meter number').fill(account);
  await button(page, 'Look up').click();
}

async function fillIn(page, amount) {
  await page.getByLabel('Amount in KES').fill(amount);
  await page.getByLabel("Payer's name").fill('Wanjiru Otieno');
  await page.getByLabel("Payer's phone number").fill('+254712345678');
}

async function toTheForm(page, account, amount) {
  await chooseBiller(page, BILLER);
  await lookUp(page, account);
  await page.getByRole('heading', { level: 1, name: `Pay ${BILLER}` }).waitFor();
  await fillIn(page, amount);
}

// ---- a second client, from Node ----------------------------------------------------------------

async function graphql(query, variables) {
  const answer = await fetch(`${new URL(BILLPAY_URL).origin}/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', Authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await answer.json();
  assert(!errors, `the second client was refused: ${JSON.stringify(errors)}`);
  return data;
}

const byKey = async (key) =>
  (await graphql('query ($key: String!) { payment(by: { idempotencyKey: $key }) { id status } }', { key })).payment;
const paidTo = async (account) =>
  (await graphql('{ payments(first: 100) { nodes { id status accountReference } } }')).payments.nodes
    .filter(({ accountReference }) => accountReference === account);

// ---- the checks --------------------------------------------------------------------------------

const anAccount = () => `90${randomInt(100_000, 1_000_000)}`;

async function desktop() {
  const page = await openPage({ width: 1100, height: 860 }, 'light', `#token=${TOKEN}`);
  const sent = [];
  page.on('websocket', (socket) => socket.on('framesent', (frame) => sent.push(String(frame.payload))));

  await check('the token is taken out of the address, and the policy is strict', async () => {
    assert(!page.url().includes('token'), page.url());
    const policy = await page.locator('meta[http-equiv=Content-Security-Policy]').getAttribute('content');
    assert(policy.includes("default-src 'none'") && !policy.includes('unsafe'), policy);
    assert(!(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).includes('eyJ'), 'a token is stored');
  });
  await check('an account that the biller does not know is told at its field', async () => {
    await chooseBiller(page, BILLER);
    await lookUp(page, '0000000');
    await page.locator('[role=alert] [data-code=ACCOUNT_NOT_FOUND]').waitFor();
    assert(await page.getByLabel('Account or meter number').getAttribute('aria-invalid') === 'true', 'the field is not marked');
    await picture(page, '1-unknown-account');
  });
  await check('the look-up shows whose account it is', async () => {
    await lookUp(page, '2222222');
    await page.getByRole('heading', { level: 1, name: `Pay ${BILLER}` }).waitFor();
    assert(await page.evaluate(() => document.activeElement.tagName) === 'H1', 'the focus is not on the new heading');
    const whose = await page.locator('.facts div', { hasText: 'In the name of' }).locator('dd').textContent();
    await picture(page, '2-form');
    return whose;
  });
  await check('AmountError shows what is taken, and offers it', async () => {
    await fillIn(page, '0.50');
    await button(page, 'Pay').click();
    const error = page.locator('[role=alert] [data-type=AmountError]');
    await error.waitFor();
    assert(/KES\s1\.00 or more/.test(await error.textContent()), await error.textContent());
    await picture(page, '3-amount-error');
    await error.getByRole('button').click();
    assert(await page.getByLabel('Amount in KES').inputValue() === '1.00', 'the amount was not taken over');
    assert(await kept(page) === null, 'the intention did not end');
  });
  await check('a payment settles over a connection that is cut and restored', async () => {
    await page.getByLabel('Amount in KES').fill('250');
    line.cutBehind = /"version":\d+,"status":"PENDING"/; // of the event, not of the payment in it
    outage = true;
    await button(page, 'Pay').click();
    await statusIs(page, 'PENDING');
    await page.context().setOffline(true);
    await page.getByText('No network').waitFor();
    const { input, paymentId } = await kept(page);
    await waitUntil(async () => (await byKey(input.idempotencyKey)).status === 'SUCCEEDED', 'the payment to succeed');
    assert(await page.locator('#status').getAttribute('data-status') === 'PENDING', 'the page knew without a connection');
    await picture(page, '4-cut');
    const before = await eventsOf(page);
    const subscribed = sent.length;
    line.down = false;
    await page.context().setOffline(false);
    await statusIs(page, 'SUCCEEDED');
    await page.locator('#connection[data-state=live]').waitFor();
    await picture(page, '5-paid');

    const events = await eventsOf(page);
    assert(events.every(({ version }, n) => Number(version) === n + 1), `versions: ${events.map(({ version }) => version)}`);
    const again = sent.slice(subscribed).map((text) => JSON.parse(text)).find(({ type }) => type === 'subscribe');
    assert(again.payload.variables.after === before.at(-1).sequence, `resumed by ${JSON.stringify(again.payload.variables)}`);
    assert((await paidTo('2222222')).length === 1 && (await byKey(input.idempotencyKey)).id === paymentId, 'paid otherwise than once');
    return events.map(({ status }) => status).join(' → ');
  });
  await check('a line that breaks without a word is taken up again', async () => {
    line.cut();
    await page.locator('#connection[data-state=waiting]').waitFor();
    await page.locator('#connection[data-state=live]').waitFor();
    outage = false;
  });
  await check('BeingPaidError leads to the payment that is open', async () => {
    await button(page, 'Pay another bill').click();
    await toTheForm(page, '1515151', '50');
    await button(page, 'Pay').click();
    await statusIs(page, 'PENDING');
    const { paymentId } = await kept(page);
    await button(page, 'Pay another bill').click();
    await toTheForm(page, '1515151', '51');
    await button(page, 'Pay').click();
    const error = page.locator('[role=alert] [data-type=BeingPaidError]');
    await error.waitFor();
    assert(/KES\s50\.00/.test(await error.textContent()), await error.textContent());
    await picture(page, '6-being-paid');
    await error.getByRole('button', { name: 'Watch that payment' }).click();
    await statusIs(page, 'PENDING');
    assert((await paidTo('1515151')).every(({ id }) => id === paymentId), 'another payment was made');
  });
  await check('CapabilityError says what is lacking', async () => {
    await button(page, 'Pay another bill').click();
    await toTheForm(page, anAccount(), '60');
    // The page offers no speed that a biller lacks, so it is asked for on the way.
    await page.route('**/graphql', async (route) => {
      const body = route.request().postDataJSON();
      if (body?.variables?.input) body.variables.input.deliverySpeed = 'FASTER';
      await route.continue({ postData: JSON.stringify(body) });
    });
    await button(page, 'Pay').click();
    const error = page.locator('[role=alert] [data-type=CapabilityError]');
    await error.waitFor();
    await page.unroute('**/graphql');
    await picture(page, '7-capability');
    return error.locator('p').first().textContent();
  });
  await page.context().close();
}

async function reload() {
  const page = await openPage({ width: 1100, height: 860 }, 'light', `#token=${TOKEN}`);
  const subscribed = [];
  let forgotten = false;
  await page.routeWebSocket('**/graphql', (socket) => {
    const far = socket.connectToServer();
    socket.onMessage((text) => {
      const { type, id, payload } = JSON.parse(text);
      if (type === 'subscribe') subscribed.push(payload.variables);
      if (!forgotten || type !== 'subscribe') return far.send(text);
      forgotten = false;
      const error = { message: 'the log begins later', extensions: { code: 'RESYNC_REQUIRED', oldest: '1' } };
      return socket.send(JSON.stringify({ type: 'error', id, payload: [error] }));
    });
  });
  await check('a lost answer and a reload repeat the same key, and pay once', async () => {
    const account = anAccount();
    await toTheForm(page, account, '77');
    outage = true;
    line.losesAnswers = true;
    await button(page, 'Pay').click();
    await page.locator('.notice', { hasText: 'Asking again with the same key' }).waitFor();
    await picture(page, '8-asking-again');
    const { input, paymentId } = await kept(page);
    assert(paymentId === null, 'the page knows the payment already');
    line.losesAnswers = false;
    await page.goto('about:blank');
    await page.goto(`${WEB_ORIGIN}/`);
    await page.getByLabel('Token', { exact: true }).fill('no token at all');
    await page.keyboard.press('Enter');
    await page.getByText('That token was refused').waitFor();
    await picture(page, '9-token');
    await page.getByLabel('Token', { exact: true }).fill(TOKEN);
    await page.keyboard.press('Enter');
    await statusIs(page, 'SUCCEEDED');
    outage = false;
    assert((await kept(page)).input.idempotencyKey === input.idempotencyKey, 'another key');
    const payments = await paidTo(account);
    assert(payments.length === 1, `${payments.length} payments`);
  });
  await check('where the log begins later, the page reads the present state and follows from there', async () => {
    await button(page, 'Pay another bill').click();
    await toTheForm(page, anAccount(), '88');
    forgotten = true;
    await button(page, 'Pay').click();
    await statusIs(page, 'SUCCEEDED');
    await waitUntil(() => subscribed.at(-1)?.after, 'a second subscription');
    return `after ${subscribed.at(-1).after}`;
  });
  await check('a vendor\'s bill is chosen and paid', async () => {
    const { billers } = await graphql('{ billers(search: "Blue Line Freight") { nodes { name } } }');
    if (billers.nodes.length === 0) return 'skipped: BILL is off';
    await button(page, 'Pay another bill').click();
    await chooseBiller(page, 'Blue Line Freight');
    await button(page, 'Look up').click();
    await page.locator('.bills label').nth(1).click();
    await picture(page, '10-vendor');
    await button(page, 'Pay').click();
    await page.waitForSelector('#events li');
    assert((await byKey((await kept(page)).input.idempotencyKey)).id, 'no payment');
  });
  await page.context().close();
}

// On a phone, in the dark, by the keyboard alone; each step is looked over.
async function phone() {
  const page = await openPage({ width: 390, height: 844 }, 'dark');
  const axe = readFileSync(join(EXAMPLE, 'node_modules/axe-core/axe.min.js'), 'utf8');
  await page.evaluate(axe);

  async function lookOver(name) {
    await picture(page, `phone-${name}`);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert(width <= 390, `${name}: the page is ${width} px wide`);
    const small = await page.$$eval('button, input:not([type=radio]), select', (all, least) => all
      .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < least)
      .map((element) => element.outerHTML.slice(0, 120)), LEAST_TARGET_PX);
    assert(small.length === 0, `${name}: too small to touch: ${small}`);
    const { violations } = await page.evaluate(() => axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
    assert(violations.length === 0, `${name}: ${violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120))}`).join('\n')}`);
  }
  const focusIs = (selector) => page.waitForFunction((wanted) => document.activeElement?.matches(wanted), selector);
  const type = (text) => page.keyboard.type(text);
  const press = (key) => page.keyboard.press(key);

  await check('on a phone, by the keyboard alone, each step is in view, readable and accessible', async () => {
    await focusIs('#token');
    await lookOver('1-token');
    await type(TOKEN);
    await press('Enter');
    await page.locator('.biller').first().waitFor();
    await focusIs('h1');
    await lookOver('2-billers');
    await press('Tab');
    await focusIs('#search');
    await type(BILLER);
    await page.waitForFunction((name) => [...document.querySelectorAll('.biller')].every((one) => one.dataset.name === name), BILLER);
    await press('Tab');
    await focusIs('.biller');
    await press('Enter');
    await focusIs('#ACCOUNT_REFERENCE');
    await lookOver('3-account');
    await type('3333333');
    await press('Enter');
    await page.getByRole('heading', { level: 1, name: `Pay ${BILLER}` }).waitFor();
    await focusIs('h1');
    await press('Tab');
    await focusIs('#amount');
    await page.keyboard.press('ControlOrMeta+a');
    await type('0.5');
    await press('Tab');
    await type('Wanjiru Otieno');
    await press('Tab');
    await type('+254712345678');
    await press('Enter');
    await focusIs('[role=alert]');
    await lookOver('4-refused');
    await press('Tab');
    await press('Enter');
    await focusIs('#amount');
    await press('Enter');
    await statusIs(page, 'FAILED');
    await lookOver('5-failed');
    return page.locator('#status p').last().textContent();
  });
  await check('what changes is read out', async () => {
    const said = await page.locator('#said').textContent();
    assert(said.startsWith('Not paid.'), said);
  });
  await page.context().close();
}

let server;
try {
  const wire = await openLine();
  const api = `http://127.0.0.1:${wire.address().port}`;
  allowed = new Set([WEB_ORIGIN, api, api.replace(/^http/, 'ws')]);
  await check('the example is generated, type-checked and built', () => build(api));
  server = await serve();
  browser = await chromium.launch({ executablePath: EXECUTABLE, headless: true, args: FLAGS });
  await desktop();
  await reload();
  await phone();
  await check('no request to another host', async () => assert(strangers.size === 0, [...strangers].join(', ')));
  await check('no error in the console', async () => {
    assert(complaints.length === 0, complaints.join('\n'));
    return `${tolerated.length} while the line was down`;
  });
} catch (cause) {
  failed += 1;
  console.log(`FAIL ${cause?.stack ?? cause}`);
} finally {
  clearTimeout(limit);
  await browser?.close().catch(() => {});
  await server?.close().catch(() => {});
  rmSync(built, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
