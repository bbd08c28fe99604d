// A thousand updates of tickets at once while every process is killed, one after the other: what was acknowledged is there, once, and the
// trail of each ticket has no gap.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Suite, eventually, sleep } from './suite.mjs';

const kTickets = 40;
const kUpdates = 1000;

let suite;
before(async () => {
  suite = await Suite.start();
  await suite.createStore('tr', 'TRY');
});
after(() => suite?.stop());

// The answer, or null where the connection broke off.
async function ask(method, route, body, headers = {}) {
  try {
    return await suite.http(method, route, body, { headers });
  } catch {
    return null;
  }
}

async function pages(route, field) {
  const all = [];
  let token = '';
  do {
    const page = await suite.http('GET', `${route}?pageSize=1000&pageToken=${encodeURIComponent(token)}`);
    assert.equal(page.status, 200, JSON.stringify(page.body));
    all.push(...(page.body[field] ?? []));
    token = page.body.nextPageToken;
  } while (token);
  return all;
}

// One update: a note, a reply, an assignment or a priority. A note and a reply say which they are, so they can be found again.
function updateOf(number, ticket) {
  const name = `update-${number}`;
  switch (number % 4) {
    case 0: return { route: `/v1/tickets/${ticket}:note`, body: { message: { text: name, externalId: name } }, says: name };
    case 1: return { route: `/v1/tickets/${ticket}:reply`, body: { message: { text: name, externalId: name } }, says: name };
    case 2: return { route: `/v1/tickets/${ticket}:assign`, body: { assignee: `user:agent${number}` } };
    default: return { route: `/v1/tickets/${ticket}:setPriority`, body: { priority: number % 8 === 3 ? 'TICKET_PRIORITY_HIGH' : 'TICKET_PRIORITY_LOW' } };
  }
}

test('nothing that was acknowledged is lost or done twice, and no trail has a gap', { timeout: 300_000 }, async () => {
  const tickets = [];
  for (let i = 0; i < kTickets; ++i) {
    const made = await suite.http('POST', '/v1/tickets', { ticket: { subject: `Talep ${i}`, storeId: 'tr' }, message: { text: 'Merhaba', author: 'TICKET_AUTHOR_CUSTOMER' } });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    tickets.push(made.body.id);
  }

  // What each ticket was told to have taken: what was said, and under which etag something else was changed.
  const acknowledged = new Map(tickets.map((id) => [id, []]));
  let unanswered = 0;
  let over = false;
  const update = async (number) => {
    const ticket = tickets[number % kTickets];
    const { route, body, says } = updateOf(number, ticket);
    // Half of the callers try again under the same key until they are answered; the others leave it at one try.
    const patient = number % 2 === 0;
    for (let tries = 0; tries < (patient ? 200 : 1); ++tries) {
      const answer = await ask('POST', route, body, { 'idempotency-key': `key-${number}` });
      if (answer?.status === 200) {
        acknowledged.get(ticket).push(says ?? Number(answer.body.etag));
        return;
      }
      assert.ok(answer === null || answer.status >= 409, `${route}: ${JSON.stringify(answer?.body)}`);
      if (patient) await sleep(100 + Math.random() * 200);
    }
    assert.ok(!patient, `${route} was never answered`);
    ++unanswered;
  };
  const updates = Promise.all(Array.from({ length: kUpdates }, (_, number) => update(number))).finally(() => { over = true; });
  // One after the other without waiting for the last to be back: whoever tries again meets them all.
  let killed = 0;
  for (const name of ['support', 'gateway', 'postgres', 'contacts', 'support', 'postgres']) {
    await sleep(150);
    if (over) break;
    try {
      suite.kill(name);
      ++killed;
    } catch {
      // It is not back from the last time.
    }
  }
  await updates;
  assert.ok(killed >= 3, `crashes fell into the updates: ${killed}`);
  await eventually('the suite is whole again', async () => (await ask('GET', '/healthz'))?.status === 200, 60);

  let said = 0;
  for (const id of tickets) {
    const { body: ticket } = await suite.http('GET', `/v1/tickets/${id}`);
    const events = await pages(`/v1/tickets/${id}/events`, 'events');
    const messages = await pages(`/v1/tickets/${id}/messages`, 'messages');
    assert.deepEqual(events.map((event) => Number(event.sequence)), events.map((_, i) => i + 1), `the trail of ${id} has no gap`);
    assert.equal(Number(ticket.etag), events.length);
    assert.equal(ticket.messageCount, messages.length);
    assert.equal(events.filter((event) => event.details?.message_id).length, messages.length, 'each message is on the trail');
    const texts = messages.map((message) => message.text);
    assert.equal(new Set(texts).size, texts.length, `nothing is said twice in ${id}`);
    for (const what of acknowledged.get(id)) {
      if (typeof what === 'string') {
        assert.ok(texts.includes(what), `${what} of ${id} was acknowledged and is lost`);
        ++said;
      } else {
        assert.ok(what <= events.length, `etag ${what} of ${id} was acknowledged, and there are ${events.length} events`);
      }
    }
  }
  assert.ok(said > 0);
  console.log(`${kUpdates - unanswered} of ${kUpdates} updates acknowledged under ${killed} crashes`);
});
