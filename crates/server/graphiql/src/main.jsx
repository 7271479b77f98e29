// GraphiQL over this service, with the example operations in its tabs. It asks nobody but the service it comes from.

import { GraphiQL } from 'graphiql';
import 'graphiql/style.css';
import { createClient } from 'graphql-ws';
import { createRoot } from 'react-dom/client';

import { ask, examples, ids, socketUrl } from '../shared/examples.js';
import './main.css';

// Subscriptions go over a WebSocket, everything else over HTTP.
function fetcher(operation, { headers, documentAST }) {
  return isSubscription(operation, documentAST) ? follow(operation, headers) : ask(operation, headers);
}

function isSubscription({ operationName }, document) {
  const operations = document?.definitions.filter(({ kind }) => kind === 'OperationDefinition') ?? [];
  return operations.find(({ name }) => !operationName || name?.value === operationName)?.operation === 'subscription';
}

// A browser's socket carries no headers, so the token of the headers tab goes with the greeting. An observable, because a
// generator that waits for its next item cannot be stopped.
function follow(operation, headers = {}) {
  const [, authorization] = Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization') ?? [];
  return {
    subscribe(sink) {
      // Retries would start again at the same `after`: whoever looks on should see that the connection broke.
      const client = createClient({ url: socketUrl, retryAttempts: 0, connectionParams: authorization && { authorization } });
      return { unsubscribe: client.subscribe(operation, { ...sink, error: (fault) => sink.error(readable(fault)) }) };
    },
  };
}

function readable(fault) {
  return fault instanceof CloseEvent ? { message: `the connection was closed: ${fault.code} ${fault.reason}`.trim() } : fault;
}

// What was typed survives a reload, but not a new window, and not another network: its ids would be wrong.
function storage(network, [first]) {
  const key = (name) => `${network ?? 'none'}/${name}`;
  const session = {
    getItem: (name) => sessionStorage.getItem(key(name)),
    setItem: (name, value) => sessionStorage.setItem(key(name), value),
    removeItem: (name) => sessionStorage.removeItem(key(name)),
    clear: () => sessionStorage.clear(),
    get length() {
      return sessionStorage.length;
    },
  };
  // GraphiQL shows the variables of its first tab only if it finds them here.
  if (first && session.getItem('graphiql:tabState') === null) {
    session.setItem('graphiql:variables', first.variables);
  }
  return session;
}

const known = await ids();
const tabs = await examples(known);
createRoot(document.getElementById('page')).render(
  <GraphiQL
    fetcher={fetcher}
    defaultTabs={tabs.length > 0 ? tabs : undefined}
    defaultQuery="{ networks { nodes { id name } } }"
    defaultEditorToolsVisibility="variables"
    storage={storage(known.network, tabs)}
  />,
);
