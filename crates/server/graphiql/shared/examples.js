// What both pages share: asking the service, and the example operations with variables that it understands.

// Beside this page, wherever a proxy puts both.
const url = new URL('graphql', location.href);
export const socketUrl = new URL(url.href.replace(/^http/, 'ws')).href;

/** Sends an operation and gives the answer, which is JSON whether it went well or not. */
export async function ask(operation, headers = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { accept: 'application/graphql-response+json, application/json', 'content-type': 'application/json', ...headers },
    body: JSON.stringify(operation),
  });
  return response.json();
}

const START = `{
  networks(first: 1) {
    nodes {
      id
      slug
      communities(first: 1, filter: { levels: [NATIONAL] }) { nodes { id } }
      gatherings(first: 50, filter: { statuses: [HELD] }) { nodes { id report { id } } }
      gatheringReports(first: 1) { nodes { id } }
    }
  }
}`;

/** Ids that example variables can use, by the variable's name; none where the service holds nothing, or does not answer. */
export async function ids() {
  const answer = await ask({ query: START }).catch(() => ({}));
  const network = answer.data?.networks.nodes[0];
  return {
    within: network?.id,
    network: network?.id,
    slug: network?.slug,
    community: network?.communities.nodes[0]?.id,
    gathering: network?.gatherings.nodes[0]?.id,
    unreported: network?.gatherings.nodes.find(({ report }) => report === null)?.id,
    report: network?.gatheringReports.nodes[0]?.id,
  };
}

/** Who looks around asks first, then writes, then follows. */
const KINDS = ['query', 'mutation', 'subscription'];
const kind = ({ query }) => KINDS.findIndex((word) => new RegExp(`^${word}`, 'm').test(query));

/** The example operations; their variables are their own and, before those, the ids. */
export async function examples(ids) {
  const operations = await fetch(new URL('graphiql/operations.json', location.href)).then((response) => response.json());
  operations.sort((one, other) => kind(one) - kind(other));
  return operations.map(({ name, query, variables }) => ({ name, query, variables: fill(query, variables, ids) }));
}

function fill(query, variables, ids) {
  // "{gathering}" anywhere in the values stands for such an id, and "{key}" for a key that nobody used before.
  const known = { ...ids, key: `graphiql-${Date.now()}` };
  const named = (_, value) => (typeof value === 'string' && known[value.match(/^\{(\w+)\}$/)?.[1]]) || value;
  const filled = JSON.parse(variables, named);
  for (const [, name] of query.matchAll(/\$(\w+)\s*:/g)) {
    if (ids[name] && (name === 'within' || !(name in filled))) {
      filled[name] = ids[name];
    }
  }
  return JSON.stringify(filled, null, 2);
}
