// Who the user is to billpay: a token.
//
// It is kept in memory only, so that it cannot be read from the disk, and never put into a query, which servers log.
// Here a developer hands it over, by `#token=…` in the address or in a form. In your app, replace `ask` by a call to
// your own back end, which knows its user and signs a short-lived token with the claims `tenant` and `customer`.

let token: string | null = takeFromAddress();
let waiting: Promise<string> | null = null;
let ask: (again: boolean) => Promise<string> = () => new Promise(() => {});
let wasRefused = false;

/** The token to use now. Waits for one where there is none. */
export function currentToken(): Promise<string> {
  if (token) return Promise.resolve(token);
  waiting ??= ask(wasRefused).then((given) => {
    token = given;
    waiting = null;
    return given;
  });
  return waiting;
}

/** The server refused this token, or it has ended: the next request asks for another. */
export function dropToken(refused: string): void {
  if (token !== refused) return;
  token = null;
  wasRefused = true;
}

/** How to come by a token; `again` after one that was refused. */
export function askForTokenBy(asking: (again: boolean) => Promise<string>): void {
  ask = asking;
}

// The fragment never leaves the browser, and is taken out of the address and the history at once.
function takeFromAddress(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) history.replaceState(null, '', location.pathname + location.search);
  return given;
}
