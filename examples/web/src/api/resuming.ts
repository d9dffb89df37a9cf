// Going on where a broken connection stopped.
//
// After a break graphql-ws subscribes anew with the very object that it was given. This puts the last sequence that was
// seen into its `after`, so that a subscription with a variable `after` that selects `sequence` misses nothing, and is
// told nothing twice. It does so for every library that subscribes through the client: urql, Apollo, Relay.
import type { Client, Sink, SubscribePayload } from 'graphql-ws';

/** The same client, whose subscriptions resume. */
export function resuming(client: Client): Client {
  return {
    ...client,
    subscribe<D = Record<string, unknown>, E = unknown>(payload: SubscribePayload, sink: Sink<never>) {
      const request = { ...payload, variables: { ...payload.variables } };
      return client.subscribe<D, E>(request, {
        next(result) {
          request.variables.after = sequenceOf(result.data) ?? request.variables.after;
          sink.next(result as never);
        },
        error: (cause) => sink.error(cause),
        complete: () => sink.complete(),
      });
    },
  };
}

function sequenceOf(data: unknown): string | undefined {
  const [event] = Object.values(data ?? {}) as ({ sequence?: string } | null)[];
  return event?.sequence;
}
