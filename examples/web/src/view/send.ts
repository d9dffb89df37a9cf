// Sends an intention and shows how that goes, in a place that the caller gives.
import { end, taken, type Intention } from '../api/intention';
import { pay } from '../api/pay';
import type { UserErrorFragment } from '../gql/graphql';
import { alertBox, h, say } from './dom';

/** The payment's id; or why nothing was made, which ends the intention. */
export type Sent = { paymentId: string } | { errors: readonly UserErrorFragment[] } | { why: string };

/** Goes on until it is known whether the payment was made. */
export async function send(begun: Intention, place: HTMLElement): Promise<Sent> {
  for (let intention = begun; ; intention = { ...intention, mayBeMade: true }) {
    place.replaceChildren(notice('Sending your payment.'));
    const outcome = await pay(intention, () => {
      place.replaceChildren(notice('No answer yet. Asking again with the same key, so that nothing is paid twice.'));
    });
    switch (outcome.kind) {
      case 'taken':
        taken(intention, outcome.paymentId);
        return { paymentId: outcome.paymentId };
      case 'refused':
        end();
        return { errors: outcome.errors };
      case 'impossible':
        end();
        return { why: outcome.why };
      case 'open': // the intention stays: only the same key can find out
        await askAgain(place, outcome.why);
    }
  }
}

function notice(text: string): HTMLElement {
  say(text);
  return h('p', { class: 'notice' }, text);
}

function askAgain(place: HTMLElement, why: string): Promise<void> {
  return new Promise((done) => {
    const box = alertBox(
      h('p', {}, `${why} Your payment may have been recorded, or not. Asking again is safe: it is not paid twice.`),
      h('button', { type: 'button', click: () => done() }, 'Ask again'));
    place.replaceChildren(box);
    box.focus();
  });
}
