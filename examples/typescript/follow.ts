// Follows the gathering reports of a network or a community, and goes on where it was whatever breaks meanwhile.

import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

type Host = { id: string; name: string; ancestors: { id: string }[] };
type Report = {
  id: string;
  status: string;
  attendance: number | null;
  gathering: { title: string; startDate: string; hosts: Host[] };
  items: { kind: string; text: string }[];
};
type Change = { kind: string; effect: 'ENTERED' | 'CHANGED' | 'LEFT'; entityId: string; revision: number; recordedAt: string };
type Item = { cursor: string; change: Change | null; report: Report | null; community: { id: string; name: string } | null };

const DOCUMENT = `subscription FollowReports($within: ID!, $after: String) {
  gatheringReportChanged(within: $within, after: $after) {
    cursor
    change { kind effect entityId revision recordedAt }
    report {
      id status attendance
      gathering { title startDate hosts { id name ancestors { id } } }
      items { kind text }
    }
    community { id name }
  }
}`;
/** After these the last cursor is as good as before; also after a connection that was lost. */
const RESUMABLE = ['LAGGED', 'SHUTTING_DOWN', 'UNAVAILABLE', 'CLOSED'];
/** After these it leads nowhere, or what we hold was read under other rights. */
const OUTDATED = ['CURSOR_EXPIRED', 'SCOPE_CHANGED'];
/** The service says something every 30 s, and be it that nothing changed. A line that is quiet for longer is dead. */
const SILENCE_MS = 90_000;

const [url, within, after] = process.argv.slice(2);
if (url === undefined || within === undefined) {
  console.error('usage: follow.js ws://HOST/graphql WITHIN [AFTER]');
  process.exit(2);
}
const token = process.env['CONVENE_TOKEN'];

const reports = new Map<string, Report>();
/** Where we are. It moves together with the reports: a client that keeps them keeps both in one transaction. */
let cursor: string | undefined = after;

function take({ cursor: reached, change, report, community }: Item): void {
  if (change?.effect === 'LEFT' && community !== null) {
    forgetUnder(community.id);
  } else if (change?.effect === 'LEFT') {
    reports.delete(change.entityId);
  } else if (report !== null) {
    reports.set(report.id, report);
  }
  cursor = reached;
  // An item without a change is a checkpoint: it only moves the cursor.
  if (change !== null) {
    console.log(JSON.stringify({ ...change, title: report?.gathering.title ?? null, reports: reports.size }));
  }
}

/** A community that leaves takes its reports along, but for those that another host keeps here. */
function forgetUnder(community: string): void {
  for (const { id, gathering } of reports.values()) {
    gathering.hosts = gathering.hosts.filter((host) => ![host, ...host.ancestors].some(({ id }) => id === community));
    if (gathering.hosts.length === 0) {
      reports.delete(id);
    }
  }
}

/**
 * One subscription, from the newest cursor to its end: the code of the error that ended it.
 *
 * A connection is used once. The client would mend it by itself, but with the `after` that it began with, and so hand out
 * everything since then again; therefore it may not retry, and whoever calls this subscribes anew.
 */
function follow(): Promise<string> {
  return new Promise((ended) => {
    const client = createClient({
      url: url!,
      webSocketImpl: WebSocket,
      connectionParams: token === undefined ? {} : { authorization: `Bearer ${token}` },
      retryAttempts: 0,
      on: { closed: (event) => end(event), message: () => silence.refresh() },
    });
    const silence = setTimeout(() => end(undefined), SILENCE_MS);
    const end = (errors: unknown) => {
      clearTimeout(silence);
      stop();
      ended(codeOf(errors));
    };
    const operation = { query: DOCUMENT, variables: { within, after: cursor } };
    const stop = client.subscribe<{ gatheringReportChanged: Item }>(operation, {
      next: ({ data, errors }) => (data && !errors ? take(data.gatheringReportChanged) : end(errors)),
      error: end,
      complete: () => end(undefined),
    });
  });
}

/** What ended a subscription: errors of GraphQL, a close of the socket that says what we did wrong, or any other break. */
function codeOf(end: unknown): string {
  if (Array.isArray(end)) {
    return String(end[0]?.extensions?.code);
  }
  const { code = 0, reason } = (end ?? {}) as { code?: number; reason?: string };
  return code >= 4400 && code < 4499 ? `${code} ${reason}` : 'CLOSED';
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    console.log(JSON.stringify({ cursor: cursor ?? null }));
    process.exit(0);
  });
}

for (;;) {
  const code = await follow();
  if (OUTDATED.includes(code)) {
    console.error(`${code}: forgetting ${reports.size} reports`);
    reports.clear();
    cursor = undefined;
  } else if (!RESUMABLE.includes(code)) {
    console.error(`the service refuses: ${code}`);
    process.exit(1);
  }
  // Whoever lost their connections to a service that was restarted should not all come back in one moment.
  await pause(250 + Math.random() * 750);
}
