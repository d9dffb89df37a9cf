// The way to billpay: urql over HTTP, graphql-ws for subscriptions.
//
// There is no cache: what a payment's status was a minute ago is not worth showing.
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { sockets } from './sockets';
import { currentToken, dropToken } from './session';

/** Where billpay is: the page's own origin unless the build says otherwise. */
export const API = new URL('/graphql', import.meta.env.VITE_BILLPAY_URL || location.href);

/** The longest that an answer may take: more than the server's own limits, so that it speaks first. */
const ANSWER_LIMIT_MS = 20_000;

export const client = new Client({
  url: API.href,
  // Queries by POST too: account numbers do not belong into addresses.
  preferGetMethod: false,
  fetch: send,
  exchanges: [
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: (sink) => ({
          unsubscribe: sockets(API).subscribe({ query, variables: variables as Record<string, unknown> }, sink),
        }),
      }),
    }),
  ],
});

// Every request carries the token of that moment. One that is refused is dropped, and the request goes out again with
// another; nothing was done, so that is safe for mutations too.
async function send(address: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  for (;;) {
    const token = await currentToken();
    const headers = new Headers(init.headers);
    headers.set('Authorization', `Bearer ${token}`);
    const limit = AbortSignal.timeout(ANSWER_LIMIT_MS);
    const signal = init.signal ? AbortSignal.any([init.signal, limit]) : limit;
    const answer = await fetch(address, { ...init, headers, signal, credentials: 'omit', redirect: 'error' });
    if (answer.status !== 401) return answer;
    dropToken(token);
  }
}
