// Watches one payment, from its first event, for as long as the page wants.
//
// Breaks of the connection are none of its business: the client resumes by `after`. Here it is proven that nothing was
// missed, by `version`, and put right where the server no longer has what came before (RESYNC_REQUIRED).
import type { CombinedError } from '@urql/core';
import type { PaymentFragment, PaymentUpdatedSubscription } from '../gql/graphql';
import { client } from './client';
import { Head, PaymentNow, PaymentUpdated } from './operations';
import { codeOf, inWords } from './trouble';

export type PaymentEvent = PaymentUpdatedSubscription['paymentUpdated'];

export interface Watcher {
  /** A change, each once and in order. `version` counts from 1 without gaps. */
  onEvent(event: PaymentEvent): void;
  /** The payment as it is, where its past is no longer told. */
  onState(payment: PaymentFragment): void;
  /** Nothing more will come. */
  onEnd(why: string): void;
}

/** Begins to watch; answers how to stop. */
export function watch(paymentId: string, watcher: Watcher): () => void {
  let stopped = false;
  let unsubscribe = () => {};
  let version = 0;

  const from = (after: string | null) => {
    ({ unsubscribe } = client.subscription(PaymentUpdated, { id: paymentId, after }).subscribe(({ data, error }) => {
      if (stopped) return;
      if (error) void troubled(error);
      else if (data) take(data.paymentUpdated);
    }));
  };
  const take = (event: PaymentEvent) => {
    if (event.version <= version) return;
    const isNext = event.version === version + 1;
    version = event.version;
    if (isNext) watcher.onEvent(event);
    else void startOver();
  };
  const troubled = async (error: CombinedError) => {
    if (codeOf(error) === 'RESYNC_REQUIRED') await startOver();
    else watcher.onEnd(inWords(error));
  };
  // The head first, then the state: what happens between the two is told twice rather than not at all.
  const startOver = async () => {
    unsubscribe();
    const head = await client.query(Head, {});
    const now = await client.query(PaymentNow, { id: paymentId });
    const payment = now.data?.payment;
    if (stopped) return;
    if (!head.data || !payment) return watcher.onEnd('The payment could not be read.');
    version = payment.version;
    watcher.onState(payment);
    from(head.data.viewer.eventsHead);
  };

  from(null);
  return () => {
    stopped = true;
    unsubscribe();
  };
}
