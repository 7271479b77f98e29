// Gateways over Convene and the rooms beside it: `node gateway.js CONVENE SDL ROOMS`. One follows Convene by server-sent
// events, the other over a WebSocket. Both say where they serve.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { composeServices as composeLikeApollo } from '@apollo/composition';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import http from '@graphql-mesh/transport-http';
import ws from '@graphql-mesh/transport-ws';
import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import * as rooms from './rooms.js';

const [convene, sdl, list] = process.argv.slice(2);
const services = [
  { name: 'convene', url: `${convene}/graphql`, typeDefs: parse(readFileSync(sdl, 'utf8')) },
  { name: 'rooms', url: await rooms.serve(JSON.parse(readFileSync(list, 'utf8'))), typeDefs: parse(rooms.sdl) },
];
// Every router comes with one of these two.
for (const [name, compose] of Object.entries({ apollo: composeLikeApollo, guild: composeServices })) {
  const { errors = [], hints = [] } = compose(services);
  console.log(`${name} composed: ${JSON.stringify([...errors, ...hints].map((it) => it.message))}`);
}
const { supergraphSdl: supergraph } = composeServices(services);

const authorization = '{context.headers.authorization}';
const roads = {
  sse: {},
  ws: { convene: { options: { subscriptions: { kind: 'ws', options: { connectionParams: { authorization } } } } } },
};
for (const [road, transportEntries] of Object.entries(roads)) {
  const gateway = createGatewayRuntime({
    supergraph,
    logging: 'error',
    transports: { http, ws },
    transportEntries,
    propagateHeaders: {
      fromClientToSubgraphs: ({ request }) => ({
        authorization: request.headers.get('authorization'),
        // It subscribes with GET, which web pages could send without asking.
        'x-convene-preflight': 'gateway',
      }),
    },
  });
  const server = createServer(gateway);
  server.listen(0, '127.0.0.1', () => console.log(`${road} at http://127.0.0.1:${server.address().port}`));
}
