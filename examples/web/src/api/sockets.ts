// One WebSocket for all subscriptions of the page: opened by the first, closed behind the last, and opened again for
// as long as anybody subscribes, whatever happens to the network, the server or the token.
import { createClient, type Client } from 'graphql-ws';
import { resuming } from './resuming';
import { currentToken, dropToken } from './session';

/** `live`: connected. `waiting`: trying to be. `offline`: the device has no network. */
export type Connection = 'idle' | 'live' | 'waiting' | 'offline';

/** The server pings every 12 s. Silence for longer than two of them means that the line is dead. */
const SILENCE_LIMIT_MS = 30_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
/** The token was refused, or has ended. */
const FORBIDDEN = 4403;

let shared: Client | null = null;
let listener: (connection: Connection) => void = () => {};

/** The client that subscriptions share. */
export function sockets(api: URL): Client {
  shared ??= resuming(open(api));
  return shared;
}

/** Tells how the connection is, whenever that changes. */
export function onConnection(tell: (connection: Connection) => void): void {
  listener = tell;
}

function open(api: URL): Client {
  let token = '';
  let silence = 0;
  const heard = () => {
    clearTimeout(silence);
    silence = window.setTimeout(() => client.terminate(), SILENCE_LIMIT_MS);
  };
  const client = createClient({
    // A token first: the server waits only a moment for `connection_init`.
    url: async () => {
      await online();
      token = await currentToken();
      return api.href.replace(/^http/, 'ws');
    },
    connectionParams: () => ({ authorization: `Bearer ${token}` }),
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: (retries) => Promise.race([pause(retries), networkBack()]),
    on: {
      connecting: () => listener(navigator.onLine ? 'waiting' : 'offline'),
      connected: () => listener('live'),
      opened: heard,
      message: heard,
      closed: (event) => {
        clearTimeout(silence);
        const { code, wasClean } = event as CloseEvent;
        if (code === FORBIDDEN) dropToken(token);
        if (code === 1000 && wasClean) listener('idle');
        else listener(navigator.onLine ? 'waiting' : 'offline');
      },
    },
  });
  // A device that lost its network learns of it here sooner than from its sockets.
  window.addEventListener('offline', () => client.terminate());
  return client;
}

// Longer each time, and never all clients at the same moment.
function pause(retries: number): Promise<void> {
  const longest = Math.min(FIRST_PAUSE_MS * 2 ** retries, LONGEST_PAUSE_MS);
  return new Promise((done) => setTimeout(done, longest * (0.5 + Math.random() / 2)));
}

function networkBack(): Promise<void> {
  return new Promise((done) => window.addEventListener('online', () => done(), { once: true }));
}

function online(): Promise<void> {
  return navigator.onLine ? Promise.resolve() : networkBack();
}
