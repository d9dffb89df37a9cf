// The playground of billpay: GraphiQL with example operations, a token, and a live log.
//
// It talks to its own origin only. The token lives in the memory of this page: it is put in the
// Headers pane, sent as `Authorization` and in `connection_init`, and stored nowhere.
'use strict';

(() => {
  const e = React.createElement;

  const SCOPES = 'billers:read bills:read bills:write payments:read payments:write control_numbers:read control_numbers:write webhooks:write';
  const PLACEHOLDER = 'Bearer <paste a token here>';
  const LIVE_EVENTS_KEPT = 50;
  const BILLERS_ASKED = 100;
  const BILLS_TOGETHER = 3;
  const DAYS_LATER = 7;

  // What stands in the variables pane of each example. `ids` come from the server.
  const VARIABLES = {
    '01-billers': () => ({ search: null, first: 20 }),
    '02-bill-lookup': (ids) => ({ billerId: ids.postpaid, accountReference: '1111111' }),
    '03-pay-a-bill': (ids) => ({ input: payment(ids.postpaid, '1111111', '1500', 'pay') }),
    '04-watch-payments': () => ({ after: null }),
    '05-refused-payment': (ids) => ({ input: payment(ids.postpaid, '3333333', '700', 'refused') }),
    '06-provider-times-out': (ids) => {
      const input = payment(ids.postpaid, '6666666', '900', 'timeout');
      return { input, key: input.idempotencyKey };
    },
    '07-bill-numbers': (ids) => ({
      input: { billerId: ids.prepaid, accountReference: '1111111', phoneNumber: '+254710000000', description: 'Home', remindDueDate: true },
      first: 20,
    }),
    '08-payment-history': () => ({ first: 10, after: null }),
    '09-what-is-stuck': () => ({ statuses: ['NEEDS_REVIEW', 'UNKNOWN'], first: 20 }),
    '10-saudi-arabia': (ids) => ({
      input: { ...payment(ids.saudi, '6666666', '120.50', 'saudi'), amount: { amount: '120.50', currency: 'SAR' }, payer: { phoneNumber: '+966506966507' } },
      resolve: { paymentId: '<the id of that payment>', outcome: 'SUCCEEDED', evidence: "The biller's portal shows it as paid." },
    }),
    '11-bills-together': (ids) => ({
      vendorId: ids.vendor,
      providerId: ids.vendorProvider,
      input: { idempotencyKey: freshKey('together'), items: ids.bills, fundingAccountId: ids.fundingAccount, dryRun: false },
      first: 5,
    }),
    '12-control-number': () => ({
      input: {
        idempotencyKey: freshKey('number'),
        kind: 'ORDER',
        mode: 'EXACT',
        amount: { amount: '1315', currency: 'TZS' },
        description: 'Playground',
      },
      first: 5,
    }),
    '13-watch-the-money': () => ({ after: null }),
    '14-everything': () => ({ after: null }),
    '16-schedule-and-cancel': (ids) => ({
      input: { ...payment(ids.postpaid, '1234567', '640', 'later'), processDate: inDays(DAYS_LATER) },
      cancel: { paymentId: '<the id of that payment>', reason: 'Changed my mind.' },
    }),
    '17-api-clients': () => ({
      input: { name: 'Till 7', scopes: ['payments:read', 'payments:write'] },
      first: 20,
      revoke: { apiClientId: '<the id of that client>' },
    }),
    '18-webhooks': () => ({
      input: { url: 'https://example.com/webhooks', description: 'The shop', eventTypes: ['PAYMENT_SUCCEEDED', 'PAYMENT_FAILED'] },
      test: { webhookEndpointId: '<the id of that endpoint>' },
      first: 20,
      replay: { webhookEndpointId: '<the id of that endpoint>', from: '1' },
    }),
  };

  // Which biller an example uses: the first whose code or name matches, else any of the provider.
  const EXAMPLE_BILLERS = {
    postpaid: { provider: 'almara', match: /kplc.*post/i, missing: '<a biller id from tab 1>' },
    prepaid: { provider: 'almara', match: /kplc.*pre/i, missing: '<a biller id from tab 1>' },
    saudi: { provider: 'click', match: /saudi electricity/i, missing: '<the id of a biller of Click from tab 1>' },
    vendor: { provider: 'bill', match: /blue line freight/i, missing: '<the id of a biller of BILL from tab 1>' },
  };

  function payment(billerId, accountReference, amount, name) {
    return {
      idempotencyKey: freshKey(name),
      target: { account: { billerId, accountReference } },
      amount: { amount, currency: 'KES' },
      payer: { name: 'Irina Muthoni', phoneNumber: '+254710000000' },
      description: 'Playground',
      wait: 'SUBMITTED',
    };
  }

  function inDays(days) {
    const day = new Date();
    day.setDate(day.getDate() + days);
    return day.toISOString().slice(0, 10);
  }

  function freshKey(name) {
    const bytes = crypto.getRandomValues(new Uint8Array(9));
    return `playground-${name}-${Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')}`;
  }

  // ---- talking to the server -------------------------------------------------------------

  function headerValue(headers) {
    const name = Object.keys(headers || {}).find((key) => key.toLowerCase() === 'authorization');
    return name ? String(headers[name]).trim() : '';
  }

  const isPlaceholder = (headers) => headerValue(headers).includes('<');
  const authorizationOf = (headers) => (isPlaceholder(headers) ? null : headerValue(headers) || null);

  const NO_TOKEN = {
    errors: [{ message: `A token is missing. Make one with \`billpay token --tenant demo --scope "${SCOPES}"\` and paste it above, or into the Headers pane as {"Authorization": "Bearer …"}.` }],
  };

  async function post(endpoint, params, headers) {
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: {
        ...headers,
        'Content-Type': 'application/json',
        Accept: 'application/graphql-response+json, application/json;q=0.9',
      },
      body: JSON.stringify(params),
      credentials: 'omit',
      redirect: 'error',
      cache: 'no-store',
    });
    const text = await answer.text();
    try {
      return JSON.parse(text);
    } catch {
      return { errors: [{ message: `HTTP ${answer.status} ${answer.statusText}`.trim(), answer: text.slice(0, 2000) }] };
    }
  }

  // The editor's idea of the chosen operation lags a moment behind a change of tabs.
  function chosenOperation({ query, operationName }) {
    let definitions = [];
    try {
      definitions = GraphiQL.GraphQL.parse(query).definitions;
    } catch { /* the server says what is wrong */ }
    const operations = definitions.filter((d) => d.kind === 'OperationDefinition');
    const named = operations.find((d) => d.name?.value === operationName);
    const chosen = named || (operations.length === 1 ? operations[0] : null);
    return { kind: chosen?.operation || 'query', name: chosen ? chosen.name?.value : operationName };
  }

  // `known` is the newest token that this page was given: it stands in for the placeholder of another
  // tab, and reads the schema. A request whose header was taken out goes out without one.
  function createFetcher(endpoint, known) {
    return (params, { headers } = {}) => {
      const own = authorizationOf(headers);
      const instead = !own && (params.operationName === 'IntrospectionQuery' || isPlaceholder(headers));
      if (instead && !known) return Promise.resolve(NO_TOKEN);
      const sent = instead ? { ...headers, Authorization: known } : headers;
      const operation = chosenOperation(params);
      const request = { ...params, operationName: operation.name };
      if (operation.kind === 'subscription') return watch(endpoint, request, authorizationOf(sent));
      return post(endpoint, request, sent);
    };
  }

  // An observable, as GraphiQL understands it, that keeps the earlier events in view.
  function watch(endpoint, params, authorization) {
    return {
      subscribe(observer) {
        const url = new URL(endpoint, location.href);
        url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
        const client = graphqlWs.createClient({
          url: url.href,
          connectionParams: authorization ? { authorization } : {},
          retryAttempts: 0,
          onNonLazyError: () => {},
        });
        const seen = [];
        observer.next({ waiting: 'Connected when the first event comes. Make a payment in another window.' });
        const end = client.subscribe(params, {
          next(result) {
            observer.next(seen.length ? { ...result, earlier: seen.map((r) => r.data ?? r) } : result);
            seen.unshift(result);
            seen.length = Math.min(seen.length, LIVE_EVENTS_KEPT);
          },
          error(cause) {
            observer.next({ errors: errorsOf(cause), earlier: seen.map((r) => r.data ?? r) });
            observer.complete();
            client.dispose();
          },
          complete() {
            observer.complete();
            client.dispose();
          },
        });
        return {
          unsubscribe() {
            end();
            client.dispose();
          },
        };
      },
    };
  }

  function errorsOf(cause) {
    if (Array.isArray(cause)) return cause;
    if (cause && typeof cause.code === 'number') {
      return [{ message: `The connection was closed: ${cause.code} ${cause.reason || ''}`.trim() }];
    }
    return [{ message: cause?.message || 'The WebSocket could not be opened.' }];
  }

  // ---- what the page asks for itself, once -----------------------------------------------

  async function askQuietly(endpoint, authorization, query) {
    try {
      const { data } = await post(endpoint, { query }, { Authorization: authorization });
      return data || {};
    } catch {
      return {};
    }
  }

  async function exampleIds(endpoint, authorization) {
    const asked = authorization
      ? await askQuietly(endpoint, authorization, `{ billers(first: ${BILLERS_ASKED}) { nodes { id code name provider { id code } } } }`)
      : {};
    const billers = asked.billers?.nodes || [];
    const ids = {};
    const found = {};
    for (const [name, wanted] of Object.entries(EXAMPLE_BILLERS)) {
      const ofProvider = billers.filter((b) => b.provider.code === wanted.provider);
      found[name] = ofProvider.find((b) => wanted.match.test(b.code) || wanted.match.test(b.name)) || ofProvider[0];
      ids[name] = found[name] ? found[name].id : wanted.missing;
    }
    return { ...ids, ...await exampleBills(endpoint, authorization, found.vendor) };
  }

  // What is stored of the vendor already: opening this page asks no provider for anything.
  async function exampleBills(endpoint, authorization, vendor) {
    const query = vendor && `{
      bills(filter: { billerId: ${JSON.stringify(vendor.id)}, payable: true }, first: ${BILLS_TOGETHER}) {
        nodes { id amountDue { amount currency } }
      }
      fundingAccounts(providerId: ${JSON.stringify(vendor.provider.id)}) { id kind active }
    }`;
    const asked = query ? await askQuietly(endpoint, authorization, query) : {};
    const bills = (asked.bills?.nodes || []).map((bill) => ({ billId: bill.id, amount: bill.amountDue }));
    const account = (asked.fundingAccounts || []).find((one) => one.active && one.kind === 'BANK_ACCOUNT');
    return {
      vendorProvider: vendor ? vendor.provider.id : '<the id of BILL>',
      bills: bills.length > 0 ? bills : [{ billId: '<a bill id from VendorBills>', amount: { amount: '1', currency: 'USD' } }],
      fundingAccount: account ? account.id : '<an id from FundingAccounts>',
    };
  }

  async function showSandbox(endpoint, authorization) {
    const { providers = [] } = await askQuietly(endpoint, authorization,
      '{ providers { name sandbox sandboxScenarios { operation accountReference amount { amount currency } outcome description } } }');
    const sandboxes = providers.filter((p) => p.sandbox);
    document.getElementById('bp-sandbox').hidden = sandboxes.length === 0;
    const rows = document.getElementById('bp-scenarios');
    rows.replaceChildren();
    for (const provider of sandboxes) {
      if (sandboxes.length > 1) rows.append(row('th', [provider.name, '']));
      for (const s of provider.sandboxScenarios) {
        const what = s.accountReference || (s.amount ? `${s.amount.amount} ${s.amount.currency}` : s.operation);
        rows.append(row('td', [what, s.description]));
      }
    }
    document.getElementById('bp-hints').hidden = rows.children.length === 0;
  }

  function row(kind, cells) {
    const tr = document.createElement('tr');
    for (const text of cells) {
      const cell = document.createElement(kind);
      cell.textContent = text;
      tr.append(cell);
    }
    return tr;
  }

  // ---- the editor ------------------------------------------------------------------------

  // Only how the page looks is kept between visits: never a header, a variable or an answer. What
  // GraphiQL wants to keep of its tabs is not read back: each load, and each token, begins afresh.
  const KEPT = /^graphiql:(theme|docExplorerFlex|editorFlex|secondaryEditorFlex)$/;
  const FORGOTTEN = /^graphiql:(tabState|query|headers)$/;
  const FIRST_VARIABLES = 'graphiql:variables';
  function createStorage() {
    const memory = new Map();
    let firstVariables = '';
    const shelf = (key) => (KEPT.test(key) ? localStorage : null);
    return {
      // GraphiQL takes the first tab's variables from here, not from its tabs.
      beginWith(variables) { firstVariables = variables; },
      get length() { return memory.size; },
      getItem(key) {
        if (key === FIRST_VARIABLES) return firstVariables;
        if (FORGOTTEN.test(key)) return null;
        try { return shelf(key)?.getItem(key) ?? memory.get(key) ?? null; } catch { return memory.get(key) ?? null; }
      },
      setItem(key, value) {
        memory.set(key, value);
        try { shelf(key)?.setItem(key, value); } catch { /* private mode */ }
      },
      removeItem(key) {
        memory.delete(key);
        try { shelf(key)?.removeItem(key); } catch { /* private mode */ }
      },
      clear() { memory.clear(); },
    };
  }
  const storage = createStorage();

  function Playground({ endpoint, authorization, ids }) {
    const headers = JSON.stringify({ Authorization: authorization || PLACEHOLDER }, null, 2);
    const [setup] = React.useState(() => {
      const tabs = window.billpayOperations.map(({ name, query }) => ({
        query,
        variables: VARIABLES[name] ? JSON.stringify(VARIABLES[name](ids), null, 2) : '',
        headers,
      }));
      storage.beginWith(tabs[0].variables);
      return {
        tabs,
        plugin: GraphiQLPluginExplorer.explorerPlugin({ showAttribution: false }),
      };
    });
    // A new fetcher makes GraphiQL read the schema again: done when a header brings another token.
    const [token, setToken] = React.useState(authorization);
    const fetcher = React.useMemo(() => createFetcher(endpoint, token), [endpoint, token]);
    const later = React.useRef(0);
    const onEditHeaders = (text) => {
      clearTimeout(later.current);
      later.current = setTimeout(() => {
        try {
          const given = authorizationOf(JSON.parse(text));
          if (given) setToken(given);
        } catch { /* half typed */ }
      }, 600);
    };
    return e(GraphiQL, {
      fetcher,
      onEditHeaders,
      storage,
      plugins: [setup.plugin],
      defaultTabs: setup.tabs,
      defaultHeaders: headers,
      defaultEditorToolsVisibility: 'variables',
      shouldPersistHeaders: false,
    }, e(GraphiQL.Logo, null, e('span')));
  }

  // The comments of the examples are to be read on any width.
  function wrapLongLines() {
    const editors = '.graphiql-query-editor .CodeMirror, .graphiql-editor-tool .CodeMirror';
    const observer = new MutationObserver(() => {
      const found = [...document.querySelectorAll(editors)].filter((element) => element.CodeMirror);
      if (found.length < 3) return;
      observer.disconnect();
      for (const element of found) element.CodeMirror.setOption('lineWrapping', true);
    });
    observer.observe(document.getElementById('bp-root'), { childList: true, subtree: true });
  }

  function closeHintsByItself() {
    const hints = document.getElementById('bp-hints');
    document.addEventListener('pointerdown', (event) => {
      if (!hints.contains(event.target)) hints.open = false;
    });
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') hints.open = false;
    });
  }

  async function open(root, config, authorization, visit) {
    const { endpoint } = config;
    const ids = await exampleIds(endpoint, authorization);
    wrapLongLines();
    root.render(e(Playground, { key: visit, endpoint, authorization, ids }));
    if (authorization) await showSandbox(endpoint, authorization);
  }

  function askForToken(root, config) {
    const form = document.getElementById('bp-token');
    form.hidden = false;
    let visit = 0;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const input = document.getElementById('bp-token-input');
      const token = input.value.trim().replace(/^bearer\s+/i, '');
      input.value = '';
      form.hidden = true;
      open(root, config, `Bearer ${token}`, (visit += 1));
    });
  }

  async function start() {
    const answer = await fetch('/playground/config.json', { credentials: 'omit', cache: 'no-store' });
    const config = await answer.json();
    if (new URL(config.endpoint, location.href).origin !== location.origin) {
      throw new Error('the endpoint is not of this origin');
    }
    const tenant = document.getElementById('bp-tenant');
    tenant.textContent = config.tenant || '';
    tenant.hidden = !config.tenant;
    closeHintsByItself();
    const root = ReactDOM.createRoot(document.getElementById('bp-root'));
    if (!config.token) askForToken(root, config);
    await open(root, config, config.token ? `Bearer ${config.token}` : null, 0);
  }

  start().catch((cause) => {
    const text = document.createElement('p');
    text.className = 'bp-loading';
    text.textContent = `The playground could not start: ${cause.message}.`;
    document.getElementById('bp-root').replaceChildren(text);
  });
})();
