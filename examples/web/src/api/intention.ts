// One intention to pay, one idempotency key.
//
// The key and the whole input are written down before the first attempt, and stay until the user is told the end. So a
// lost answer, a reload or a second press of the button all repeat the same request, and the server pays once.
// sessionStorage lives as long as the tab does. A native app writes this to its database instead.
import type { CreatePaymentInput } from '../gql/graphql';

const WHERE = 'billpay.intention';

export interface Intention {
  /** With its idempotency key, exactly as it is sent each time. */
  readonly input: CreatePaymentInput;
  /** Once the server has told it. */
  readonly paymentId: string | null;
  /** Whether it may have been sent before without an answer: then nothing but an answer ends it. */
  readonly mayBeMade: boolean;
}

/** The intention that is not ended yet, from before a reload too. */
export function openIntention(): Intention | null {
  const kept = sessionStorage.getItem(WHERE);
  return kept ? { ...(JSON.parse(kept) as Intention), mayBeMade: true } : null;
}

/** A new intention, with a key of its own. */
export function begin(input: Omit<CreatePaymentInput, 'idempotencyKey'>): Intention {
  return keep({ input: { ...input, idempotencyKey: `web-${randomHex(16)}` }, paymentId: null, mayBeMade: false });
}

/** What the server called it: from here on the payment is watched, not sent. */
export function taken(intention: Intention, paymentId: string): Intention {
  return keep({ ...intention, paymentId });
}

/** The user knows the end, or nothing was made. */
export function end(): void {
  sessionStorage.removeItem(WHERE);
}

function keep(intention: Intention): Intention {
  sessionStorage.setItem(WHERE, JSON.stringify(intention));
  return intention;
}

// `crypto.randomUUID` would do, but is there on https and localhost only.
function randomHex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
