// What went wrong with a whole request, and what to do next. Errors in a payload are another matter: those are answers.
import type { CombinedError } from '@urql/core';

/** Codes after which the same request, with the same key, may be sent again. */
const WORTH_REPEATING = new Set(['OUTCOME_UNKNOWN_RETRY_SAME_KEY', 'INTERNAL_SERVER_ERROR', 'RATE_LIMITED']);

/** The code that the server gave, where it answered. */
export function codeOf(error: CombinedError): string | null {
  const code = error.graphQLErrors[0]?.extensions.code;
  return typeof code === 'string' ? code : null;
}

/** Whether the same may be asked again: the answer was lost, or the server asks for it. */
export function isWorthRepeating(error: CombinedError): boolean {
  const code = codeOf(error);
  return error.networkError !== undefined || (code !== null && WORTH_REPEATING.has(code));
}

/** How long the server wants to be left alone, where it says so. */
export function askedPauseMs(error: CombinedError): number {
  const seconds = Number(error.graphQLErrors[0]?.extensions.retryAfter);
  return Number.isFinite(seconds) ? seconds * 1000 : 0;
}

/** For a person. */
export function inWords(error: CombinedError): string {
  if (error.networkError) return 'The server could not be reached.';
  const [first] = error.graphQLErrors;
  const id = first?.extensions.requestId;
  return `${first?.message ?? 'Something went wrong.'}${typeof id === 'string' ? ` (request ${id})` : ''}`;
}
