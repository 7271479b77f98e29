// The page that stands in for GraphiQL where the program was built without Node.

import { ask, examples, ids, socketUrl } from './examples.js';

// As many messages of a subscription as are worth looking back at.
const MOST_MESSAGES = 100;

const [form, example, token, run, stop, query, variables, state, result] = [
  'form', 'example', 'token', 'run', 'stop', 'query', 'variables', 'state', 'result',
].map((id) => document.getElementById(id));

let subscription;
let messages = [];

// What goes over HTTP as a header, and over a WebSocket, which has none, in its greeting.
const credentials = () => (token.value ? { authorization: `Bearer ${token.value}` } : {});

function show(text, value) {
  state.textContent = text;
  if (value !== undefined) {
    result.textContent = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  }
}

// One subscription on a connection of its own, in the graphql-transport-ws protocol.
function follow(operation) {
  const following = {
    stop: () => {
      if (socket.readyState === WebSocket.OPEN) {
        send({ type: 'complete', id: '1' });
      }
      socket.close(1000);
    },
  };
  const socket = new WebSocket(socketUrl, 'graphql-transport-ws');
  const send = (message) => socket.send(JSON.stringify(message));
  const receive = (payload) => {
    messages = [JSON.stringify(payload, null, 2), ...messages].slice(0, MOST_MESSAGES);
    show('following; the newest is first', messages.join('\n\n'));
  };
  const handlers = {
    connection_ack: () => send({ type: 'subscribe', id: '1', payload: operation }),
    ping: () => send({ type: 'pong' }),
    next: ({ payload }) => receive(payload),
    error: ({ payload }) => {
      receive({ errors: payload });
      socket.close(1000);
    },
    complete: () => socket.close(1000),
  };
  socket.onopen = () => send({ type: 'connection_init', payload: credentials() });
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    handlers[message.type]?.(message);
  };
  socket.onclose = ({ code, reason }) => {
    if (subscription === following) {
      finished(code === 1000 ? 'the subscription has ended' : `the connection was closed: ${code} ${reason}`);
    }
  };
  return following;
}

function finished(text) {
  subscription = undefined;
  stop.disabled = true;
  state.textContent = text;
}

function end() {
  const ended = subscription;
  finished('stopped');
  ended?.stop();
}

async function start() {
  end();
  let operation;
  try {
    operation = { query: query.value, variables: JSON.parse(variables.value || '{}') };
  } catch (fault) {
    show('', `The variables are no JSON: ${fault.message}`);
    return;
  }
  // Comments may hold any word, and a fragment may come first.
  if (/(^|})\s*subscription\b/.test(operation.query.replace(/#.*/g, ''))) {
    messages = [];
    show('connecting', '');
    stop.disabled = false;
    subscription = follow(operation);
    return;
  }
  const began = performance.now();
  run.disabled = true;
  show('running', '');
  try {
    const answer = await ask(operation, credentials());
    show(`${Math.round(performance.now() - began)} ms`, answer);
  } catch (fault) {
    show('', `The service did not answer: ${fault.message}`);
  }
  run.disabled = false;
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  start();
});
form.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit(run);
  }
});
stop.addEventListener('click', end);

const operations = await examples(await ids());
const choose = (index) => {
  query.value = operations[index]?.query ?? '{ networks { nodes { id name } } }';
  variables.value = operations[index]?.variables ?? '{}';
};
example.append(...operations.map(({ name }, index) => new Option(name, index)));
example.addEventListener('change', () => choose(example.value));
choose(0);
