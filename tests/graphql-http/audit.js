// Runs the audits of graphql-http against an endpoint, and writes one line of JSON for each.
import { serverAudits } from 'graphql-http';

const [url] = process.argv.slice(2);
for (const audit of serverAudits({ url })) {
  const { id, name, status, reason = '' } = await audit.fn();
  console.log(JSON.stringify({ id, name, status, reason: `${reason}` }));
}
