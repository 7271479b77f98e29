// Follows a network with the reference client until so many reports have come, whatever breaks meanwhile.

import { createClient } from 'graphql-sse';

const [url, within, count] = process.argv.slice(2);
const say = (line) => console.log(JSON.stringify(line));
let cursor;

const client = createClient({
  url,
  // The client begins anew by itself, and asks for these each time.
  headers: () => (cursor === undefined ? {} : { 'last-event-id': cursor }),
  retryAttempts: 1000,
  retry: () => new Promise((resolve) => setTimeout(resolve, 50)),
});

const one = async (query) => {
  const answers = [];
  for await (const answer of client.iterate({ query })) {
    answers.push(answer);
  }
  return answers;
};
const [answer, ...more] = await one('{ networks { nodes { slug } } }');
say({ networks: answer.data.networks.nodes, more: more.length });
const [refusal] = await one('{ nothing }');
say({ refused: refusal.errors[0].extensions.code, data: refusal.data === undefined });

const query = `subscription ($within: ID!) {
  gatheringReportChanged(within: $within) { cursor change { entityId } }
}`;
let seen = 0;
while (seen < Number(count)) {
  for await (const { data, errors } of client.iterate({ query, variables: { within } })) {
    if (errors !== undefined) {
      say({ ended: errors[0].extensions.code });
      continue;
    }
    const { cursor: reached, change } = data.gatheringReportChanged;
    cursor = reached;
    if (change !== null) {
      say({ report: change.entityId });
      seen += 1;
    } else {
      say({ checkpoint: true });
    }
    if (seen === Number(count)) {
      break;
    }
  }
}
client.dispose();
