// Drives a real browser through the playground of a running billpay, as an administrator would.
//
//   BILLPAY_URL=http://127.0.0.1:8080 [SCREENSHOT_DIR=…] [CHROMIUM=…] node playground.mjs
//
// Needs a server that hands out a token (demo). Prints one line a check; ends with 0 only if all held.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const TOTAL_LIMIT_MS = 120_000;
const STEP_LIMIT_MS = 30_000;
const { BILLPAY_URL, SCREENSHOT_DIR } = process.env;
const EXECUTABLE = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'];

if (!BILLPAY_URL || !EXECUTABLE) {
  console.error(BILLPAY_URL ? 'chromium is missing: apt-get install chromium' : 'usage: BILLPAY_URL=… node playground.mjs');
  process.exit(2);
}
const origin = new URL(BILLPAY_URL).origin;
if (SCREENSHOT_DIR) mkdirSync(SCREENSHOT_DIR, { recursive: true });

const strangers = new Set();
const complaints = [];
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

// ---- a page, watched ------------------------------------------------------------------------

const SAME = new Set([origin, origin.replace(/^http/, 'ws')]);
function watchRequest(url) {
  const { protocol, origin: of, host } = new URL(url);
  if (protocol === 'data:' || protocol === 'blob:') return;
  // A WebSocket's URL has no origin of its own in every runtime.
  const asked = of === 'null' ? `${protocol}//${host}` : of;
  if (!SAME.has(asked)) strangers.add(url);
}

async function openPage(viewport, colorScheme) {
  const context = await browser.newContext({ viewport, colorScheme });
  context.setDefaultTimeout(STEP_LIMIT_MS);
  const page = await context.newPage();
  page.on('request', (request) => watchRequest(request.url()));
  page.on('websocket', (socket) => watchRequest(socket.url()));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complaints.push(`thrown: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`HTTP ${response.status()} ${response.url()}`);
  });
  const answer = await page.goto(`${origin}/`, { waitUntil: 'load' });
  await page.waitForSelector('.graphiql-query-editor .CodeMirror');
  await page.waitForSelector('.graphiql-tab');
  return { page, answer };
}

const editorText = (page, where) =>
  page.$eval(`${where} .CodeMirror`, (element) => element.CodeMirror.getValue());
const responseText = (page) => editorText(page, '.graphiql-response');

async function chooseTab(page, title) {
  await page.locator('.graphiql-tab-button', { hasText: title }).first().click();
  await page.waitForFunction(
    (wanted) => document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror.getValue().includes(wanted),
    title,
  );
}

async function run(page, operation) {
  await page.waitForTimeout(300); // the editor takes up a change of tabs after a moment
  await page.locator('.graphiql-execute-button').click();
  if (operation) await page.locator('.graphiql-dropdown-item', { hasText: operation }).first().click();
}

// Read and judged here: the page's policy forbids code made from text, and rightly.
async function waitForResponse(page, holds) {
  const end = Date.now() + STEP_LIMIT_MS;
  for (;;) {
    const text = await responseText(page).catch(() => '');
    const answer = parsed(text);
    if (answer && holds(answer)) return answer;
    assert(Date.now() < end, `waited in vain; the response pane shows: ${text.slice(0, 800) || 'nothing'}`);
    await page.waitForTimeout(50);
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function picture(page, name) {
  if (SCREENSHOT_DIR) await page.screenshot({ path: join(SCREENSHOT_DIR, `${name}.png`) });
}

// ---- a second client, from Node ----------------------------------------------------------------

async function graphql(token, query, variables) {
  const answer = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', Authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await answer.json();
  assert(!errors, `the second client was refused: ${JSON.stringify(errors)}`);
  return data;
}

async function payElsewhere(token) {
  const { billers } = await graphql(token, '{ billers(first: 100) { nodes { id code name provider { code } } } }');
  const biller = billers.nodes.find((b) => /kplc.*post/i.test(`${b.code}\n${b.name}`))
    ?? billers.nodes.find((b) => b.provider.code === 'almara') ?? billers.nodes[0];
  const input = {
    idempotencyKey: `browser-${Date.now()}-${process.pid}`,
    target: { account: { billerId: biller.id, accountReference: '2222222' } },
    amount: { amount: '321', currency: 'KES' },
    payer: { name: 'Irina Muthoni', phoneNumber: '+254710000000' },
    description: 'Browser test',
    evenIfBeingPaid: true,
    wait: 'RECORDED',
  };
  const { createPayment } = await graphql(token,
    'mutation ($input: CreatePaymentInput!) { createPayment(input: $input) { payment { id } errors { code message } } }', { input });
  assert(createPayment.payment, `the payment was refused: ${JSON.stringify(createPayment.errors)}`);
  return createPayment.payment.id;
}

// ---- the checks --------------------------------------------------------------------------------

async function desktop(config) {
  const { page, answer } = await openPage({ width: 1360, height: 840 }, 'light');
  const socketFrames = [];
  page.on('websocket', (socket) => socket.on('framereceived', (frame) => socketFrames.push(String(frame.payload))));

  await check('the page is served with a strict policy and is not to be indexed', async () => {
    const headers = answer.headers();
    const policy = headers['content-security-policy'] ?? '';
    const scripts = /script-src([^;]*)/.exec(policy)?.[1] ?? '';
    assert(policy.includes("default-src 'none'") && !scripts.includes('unsafe'), `Content-Security-Policy: ${policy || 'none'}`);
    assert(await page.locator('meta[name=robots][content*=noindex]').count() === 1, 'no robots meta');
  });
  await check('GraphiQL is ready with the example tabs and the schema', async () => {
    await page.waitForFunction(() => document.querySelectorAll('.graphiql-tab').length >= 18);
    await page.locator('button[aria-label="Show Documentation Explorer"]').click();
    await page.waitForSelector('.graphiql-doc-explorer-root-type');
    await page.locator('button[aria-label="Hide Documentation Explorer"]').click();
    return `${await page.locator('.graphiql-tab').count()} tabs`;
  });
  await check('the explorer shows what can be asked', async () => {
    await page.locator('button[aria-label="Show GraphiQL Explorer"]').click();
    for (const field of ['billers', 'payments', 'controlNumbers']) await page.waitForSelector(`.graphiql-explorer-${field}`);
    await page.locator('button[aria-label="Hide GraphiQL Explorer"]').click();
  });
  await check('the tenant is shown', async () => {
    assert((await page.locator('#bp-tenant').textContent()) === config.tenant, 'another tenant, or none');
  });
  await check('the token is in the Headers pane', async () => {
    await page.locator('.graphiql-editor-tools button', { hasText: 'Headers' }).click();
    await page.waitForFunction(() => [...document.querySelectorAll('.graphiql-editor-tool .CodeMirror')]
      .some((element) => element.CodeMirror.getValue().includes('Bearer ey')));
    await page.locator('.graphiql-editor-tools button', { hasText: 'Variables' }).click();
  });
  await check('Billers answers with data', async () => {
    await chooseTab(page, 'Billers');
    await run(page);
    const { data } = await waitForResponse(page, (a) => a.data?.billers?.nodes?.length > 0);
    await picture(page, '1-billers');
    return `${data.billers.nodes.length} billers`;
  });
  await check('the look-up answers whose account it is', async () => {
    await chooseTab(page, 'WhatIsOwed');
    await run(page);
    const { data } = await waitForResponse(page, (a) => a.data?.billLookup?.errors?.length === 0);
    await picture(page, '2-lookup');
    return `${data.billLookup.customerName}, ${data.billLookup.amountDue?.amount ?? 'nothing'} due`;
  });
  await check('a bill is paid from the page', async () => {
    await chooseTab(page, 'PayABill');
    await run(page);
    const { data } = await waitForResponse(page, (a) => a.data?.createPayment?.payment?.id);
    await picture(page, '3-pay');
    return data.createPayment.payment.status;
  });
  await check('a subscription shows another client\'s payment live', async () => {
    await chooseTab(page, 'WatchPayments');
    const opened = page.waitForEvent('websocket');
    await run(page);
    const socket = await opened;
    assert(new URL(socket.url()).pathname === '/graphql', socket.url());
    await waitUntil(() => socketFrames.some((frame) => frame.includes('connection_ack')), 'connection_ack');
    // The subscribe message follows the acknowledgement at once; the server must have begun to listen.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const id = await payElsewhere(config.token);
    const eventsIn = (answer) => [answer.data, ...(answer.earlier ?? [])]
      .map((data) => data?.paymentsUpdated).filter((event) => event?.payment.id === id);
    const shown = await waitForResponse(page, (answer) => {
      const events = eventsIn(answer);
      return events.length >= 2 && events.some((event) => event.status === 'SUCCEEDED');
    });
    const events = eventsIn(shown);
    const versions = events.map((event) => event.version).reverse();
    assert(versions.every((version, n) => n === 0 || version === versions[n - 1] + 1), `versions with a gap: ${versions}`);
    await picture(page, '4-watch');
    await page.locator('.graphiql-execute-button').click();
    return events.map((event) => event.status).reverse().join(' → ');
  });
  await check('the sandbox scenarios are listed', async () => {
    await chooseTab(page, 'SandboxScenarios');
    await run(page);
    await waitForResponse(page, (a) => a.data?.providers?.some((p) => p.sandboxScenarios.length > 0));
    await page.locator('#bp-hints summary').click();
    await page.waitForSelector('#bp-scenarios tr');
    await picture(page, '5-scenarios');
    await page.keyboard.press('Escape');
    await page.waitForSelector('#bp-hints:not([open])');
  });
  await check('every example is valid against the schema', async () => {
    const invalid = [];
    for (const title of await page.locator('.graphiql-tab-button').allTextContents()) {
      await chooseTab(page, title);
      await page.waitForTimeout(900);
      const marks = await page.locator('.graphiql-query-editor .CodeMirror-lint-mark-error, .graphiql-query-editor .CodeMirror-lint-mark-warning').count();
      if (marks > 0) invalid.push(title);
    }
    assert(invalid.length === 0, `marked by the editor: ${invalid.join(', ')}`);
  });
  await page.context().close();
}

async function phone() {
  const { page } = await openPage({ width: 390, height: 844 }, 'dark');
  await check('on a phone the run button, the editor and the answer are in view', async () => {
    await run(page);
    await waitForResponse(page, (a) => a.data?.billers?.nodes?.length > 0);
    for (const part of ['.graphiql-execute-button', '.graphiql-query-editor', '.graphiql-response', '#bp-tenant']) {
      const box = await page.locator(part).boundingBox();
      assert(box && box.width > 20 && box.height > 20, `${part} has no size`);
      assert(box.x >= 0 && box.x + box.width <= 391, `${part} sticks out: ${JSON.stringify(box)}`);
      assert(box.y >= 0 && box.y + Math.min(box.height, 60) <= 844, `${part} is below the fold: ${JSON.stringify(box)}`);
    }
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert(width <= 390, `the page is ${width} px wide`);
    await picture(page, '6-phone');
  });
  await page.context().close();
}

async function waitUntil(holds, what) {
  const end = Date.now() + STEP_LIMIT_MS;
  while (!holds()) {
    assert(Date.now() < end, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

try {
  const config = await (await fetch(`${origin}/playground/config.json`)).json();
  assert(config.token, 'the server hands out no token: start it with `billpay demo`');
  browser = await chromium.launch({ executablePath: EXECUTABLE, headless: true, args: FLAGS });
  await desktop(config);
  await phone();
  await check('no request to another host', async () => assert(strangers.size === 0, [...strangers].join(', ')));
  await check('no error in the console', async () => assert(complaints.length === 0, complaints.join('\n')));
} catch (cause) {
  failed += 1;
  console.log(`FAIL ${cause?.stack ?? cause}`);
} finally {
  clearTimeout(limit);
  await browser?.close().catch(() => {});
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
