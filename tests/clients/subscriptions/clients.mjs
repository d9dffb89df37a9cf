// The clients of others, each made as its own documentation shows it, behind one shape:
//
//   pay(query, variables)                    answers the data of a mutation
//   listen(query, variables, onData, onEnd)  calls onData for each event and onEnd once when the stream ends
//   close()
//
// None of them subscribes again by itself: who resumes must say behind which sequence, and only the app knows that.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client as UrqlClient, fetchExchange, subscriptionExchange } from '@urql/core';
import { OperationTypeNode } from 'graphql';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import WebSocket from 'ws';

export const CLIENTS = {
  'graphql-ws': graphqlWs,
  'graphql-sse, distinct connections': graphqlSse,
  'Apollo Client, WebSocket': (at) => {
    const socket = webSocket(at);
    return apollo(at, new GraphQLWsLink(socket), () => socket.dispose());
  },
  'Apollo Client, multipart': (at) => apollo(at, httpLink(at), () => {}),
  'urql, graphql-ws': (at) => {
    const socket = webSocket(at);
    const forward = ({ query, variables }) => ({
      subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
    });
    const exchange = subscriptionExchange({ forwardSubscription: forward });
    return urql(at, { exchanges: [fetchExchange, exchange] }, () => socket.dispose());
  },
  'urql, event stream': (at) => urql(at, { exchanges: [fetchExchange], fetchSubscriptions: true }, () => {}),
};

const endpoint = ({ url }) => `${url}/graphql`;
const headers = ({ token }) => ({ Authorization: `Bearer ${token}` });

function webSocket(at) {
  return createWsClient({
    url: endpoint(at).replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${at.token}` },
    retryAttempts: 0,
  });
}

function sinkOf(onData, onEnd) {
  return {
    next: (result) => (result.errors || result.error ? onEnd(result.errors ?? result.error) : onData(result.data)),
    error: onEnd,
    complete: () => onEnd(null),
  };
}

function once(client, query, variables) {
  return new Promise((resolve, reject) => {
    client.subscribe({ query, variables }, sinkOf(resolve, (cause) => reject(cause ?? new Error('no answer'))));
  });
}

function graphqlWs(at) {
  const client = webSocket(at);
  return {
    pay: (query, variables) => once(client, query, variables),
    listen: (query, variables, onData, onEnd) => client.subscribe({ query, variables }, sinkOf(onData, onEnd)),
    close: () => client.dispose(),
  };
}

function graphqlSse(at) {
  const client = createSseClient({ url: endpoint(at), headers: headers(at), singleConnection: false, retryAttempts: 0 });
  return {
    pay: (query, variables) => once(client, query, variables),
    listen: (query, variables, onData, onEnd) => client.subscribe({ query, variables }, sinkOf(onData, onEnd)),
    close: () => client.dispose(),
  };
}

function httpLink(at) {
  return new HttpLink({ uri: endpoint(at), headers: headers(at) });
}

function apollo(at, subscriptions, dispose) {
  const isSubscription = ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION;
  const link = ApolloLink.split(isSubscription, subscriptions, httpLink(at));
  const client = new ApolloClient({ link, cache: new InMemoryCache({ possibleTypes: { Node: ['Payment'] } }) });
  return {
    pay: async (query, variables) => (await client.mutate({ mutation: gql(query), variables })).data,
    listen: (query, variables, onData, onEnd) => {
      const subscription = client.subscribe({ query: gql(query), variables }).subscribe(sinkOf(onData, onEnd));
      return () => subscription.unsubscribe();
    },
    close: () => {
      client.stop();
      dispose();
    },
  };
}

function urql(at, options, dispose) {
  const client = new UrqlClient({
    url: endpoint(at),
    fetchOptions: { headers: headers(at) },
    preferGetMethod: false,
    ...options,
  });
  return {
    pay: async (query, variables) => {
      const { data, error } = await client.mutation(query, variables).toPromise();
      if (error) throw error;
      return data;
    },
    listen: (query, variables, onData, onEnd) => {
      const { next } = sinkOf(onData, onEnd);
      return client.subscription(query, variables).subscribe(next).unsubscribe;
    },
    close: dispose,
  };
}
