// Step 4: every change of the payment, as it comes.
import { watch, type PaymentEvent } from '../api/watch';
import type { PaymentFragment, PaymentStatus } from '../gql/graphql';
import { alertBox, facts, h, say, showStep } from './dom';
import { money, sentence, STATUS, time } from './words';

/** Watches a payment until the user has seen enough. */
export function watchPayment(paymentId: string): Promise<void> {
  return new Promise((done) => {
    const status = h('div', { class: 'status', id: 'status' }, h('p', { class: 'title' }, 'One moment'));
    const details = h('div');
    const events = h('ol', { class: 'events', id: 'events' });
    const trouble = h('div');
    const leave = () => {
      stop();
      done();
    };
    const show = (now: PaymentStatus, payment: PaymentFragment) => {
      const { title, meaning, tone } = STATUS[now];
      const failure = now === 'FAILED' ? payment.failure : null;
      status.dataset.status = now;
      status.dataset.tone = tone;
      status.replaceChildren(h('p', { class: 'title' }, title), h('p', {}, failure ? sentence(failure.message) : meaning));
      details.replaceChildren(paymentFacts(payment));
      say(`${title}. ${failure ? sentence(failure.message) : meaning}`);
    };

    showStep('Your payment', status, details, h('h2', {}, 'What happened'), events, trouble,
      h('div', { class: 'actions' }, h('button', { type: 'button', class: 'primary', click: leave }, 'Pay another bill')));
    const stop = watch(paymentId, {
      onEvent(event) {
        show(event.status, event.payment);
        events.append(row(event));
      },
      onState: (payment) => show(payment.status, payment),
      onEnd: (why) => trouble.replaceChildren(alertBox(h('p', {}, sentence(why)))),
    });
  });
}

function row({ sequence, version, status, at, reason }: PaymentEvent): HTMLElement {
  const { title, tone } = STATUS[status];
  return h('li', { 'data-status': status, 'data-version': version, 'data-sequence': sequence, 'data-tone': tone },
    h('strong', {}, title), h('time', { datetime: at }, time(at)), reason ? h('span', { class: 'hint' }, sentence(reason)) : null);
}

function paymentFacts({ amount, biller, accountReference, accountHolderName, receipt }: PaymentFragment): HTMLElement {
  return facts(
    ['Amount', money(amount)],
    ['To', biller.name],
    ['Account', accountReference ?? null],
    ['In the name of', accountHolderName ?? null],
    ['Receipt', receipt?.number ?? null],
    ["Provider's reference", receipt?.providerReference ?? null],
    ['Meter token', receipt?.token ? h('code', { class: 'token' }, receipt.token) : null],
  );
}
