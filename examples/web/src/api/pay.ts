// Sends an intention until the server has said what became of it.
import type { UserErrorFragment } from '../gql/graphql';
import { client } from './client';
import type { Intention } from './intention';
import { Pay } from './operations';
import { askedPauseMs, inWords, isWorthRepeating } from './trouble';

const MOST_TRIES = 6;
const FIRST_PAUSE_MS = 500;

export type Outcome =
  /** The payment is made. What becomes of it, its events tell. */
  | { kind: 'taken'; paymentId: string; replayed: boolean }
  /** Nothing was made; the user can do something about it. */
  | { kind: 'refused'; errors: readonly UserErrorFragment[] }
  /** Nothing was made; the user can do nothing about it. */
  | { kind: 'impossible'; why: string }
  /** No answer. It may have been made or not: only the same key finds out. */
  | { kind: 'open'; why: string };

/** Repeats with the same key and the same input, which never pays twice. */
export async function pay({ input, mayBeMade }: Intention, onRepeat: () => void): Promise<Outcome> {
  for (let tries = 1; ; tries += 1) {
    const { data, error } = await client.mutation(Pay, { input });
    if (data) {
      const { payment, errors, replayed } = data.createPayment;
      return payment ? { kind: 'taken', paymentId: payment.id, replayed } : { kind: 'refused', errors };
    }
    if (!error) return { kind: 'open', why: 'The answer was empty.' };
    const isFirst = tries === 1 && !mayBeMade;
    if (!isWorthRepeating(error)) return { kind: isFirst ? 'impossible' : 'open', why: inWords(error) };
    if (tries === MOST_TRIES) return { kind: 'open', why: inWords(error) };
    onRepeat();
    await new Promise((done) => setTimeout(done, Math.max(FIRST_PAUSE_MS * 2 ** (tries - 1), askedPauseMs(error))));
  }
}
