// A second service: rooms that communities meet in. It knows communities and gatherings by their ids alone.

import { createServer } from 'node:http';
import { buildSchema, graphql } from 'graphql';

export const sdl = `
extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key"])

type Query {
  rooms: [Room!]!
}

type Room @key(fields: "id") {
  id: ID!
  seats: Int!
  community: Community
  "What was held in it, the newest first."
  gatherings: [Gathering]!
  reports: [GatheringReport]!
}

type Community @key(fields: "id") {
  id: ID!
  rooms: [Room!]!
}

type Gathering @key(fields: "id", resolvable: false) {
  id: ID!
}

type GatheringReport @key(fields: "id", resolvable: false) {
  id: ID!
}
`;

// What a router asks of every subgraph; composition adds it by itself.
const schema = buildSchema(`
directive @link(url: String!, import: [String!]) on SCHEMA
directive @key(fields: String!, resolvable: Boolean) on OBJECT
scalar _Any
union _Entity = Community | Room
${sdl.replace(/extend schema.*\n/, '').replace('rooms: [Room!]!', 'rooms: [Room!]! _entities(representations: [_Any!]!): [_Entity]!')}
`);

/** Serves rooms: `[{ id, seats, community, gatherings, reports }]`, the last three by id. */
export async function serve(rooms) {
  const room = ({ id, seats, community, gatherings = [], reports = [] }) => ({
    __typename: 'Room',
    id,
    seats,
    community: { __typename: 'Community', id: community },
    gatherings: gatherings.map((id) => ({ __typename: 'Gathering', id })),
    reports: reports.map((id) => ({ __typename: 'GatheringReport', id })),
  });
  const entity = ({ __typename, id }) =>
    __typename === 'Room'
      ? rooms.filter((it) => it.id === id).map(room)[0]
      : { __typename, id, rooms: rooms.filter((it) => it.community === id).map(room) };
  const rootValue = {
    rooms: () => rooms.map(room),
    _entities: ({ representations }) => representations.map(entity),
  };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) {
      body += part;
    }
    const { query, variables } = JSON.parse(body);
    const answer = await graphql({ schema, source: query, variableValues: variables, rootValue });
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${server.address().port}/graphql`;
}
