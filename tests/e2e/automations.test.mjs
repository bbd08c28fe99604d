// Automations through the gateway and the command line: a ticket is acted on once, the log says why, a dry run changes nothing, and another system that
// is called can verify the call.
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { Suite, eventually } from './suite.mjs';

let suite;
let receiver;
const received = [];
before(async () => {
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => { body += chunk; });
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      // The first attempt fails.
      response.writeHead(received.length === 1 ? 503 : 200).end();
    });
  });
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  // The receiver is on this machine.
  process.env.ESNAF_WEBHOOK_PRIVATE_ADDRESSES = 'true';
  suite = await Suite.start();
  await suite.createStore('tr', 'TRY');
});
after(() => {
  receiver?.close();
  suite?.stop();
});

async function call(method, route, body) {
  const answer = await suite.http(method, route, body);
  assert.equal(answer.status, 200, `${method} ${route}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const openTicket = (subject) => call('POST', '/v1/tickets', { ticket: { subject, storeId: 'tr' }, message: { text: subject, author: 'TICKET_AUTHOR_CUSTOMER' } });
const runsOf = async (ticket) => (await call('GET', `/v1/automationRuns?filter=${encodeURIComponent(`ticket_id = "${ticket}"`)}`)).runs ?? [];

test('a trigger acts on a new ticket, and the trail and the log say so', async () => {
  await call('POST', '/v1/automations', { id: 'tag_refunds', displayName: 'İadeler', events: ['AUTOMATION_EVENT_CREATED'],
    allConditions: ['message_text:iade OR subject:iade'], actions: [{ addTag: 'iade' }] });
  const ticket = await openTicket('İade etmek istiyorum');
  const other = await openTicket('Kargo nerede?');
  const run = await eventually('the automation has acted', async () => (await runsOf(ticket.id))[0]);
  assert.equal(run.outcome, 'AUTOMATION_OUTCOME_FIRED');
  assert.equal(run.conditions[0].holds, true);
  assert.deepEqual((await call('GET', `/v1/tickets/${ticket.id}`)).tags, ['iade']);
  assert.deepEqual(await runsOf(other.id), []);
  const { events } = await call('GET', `/v1/tickets/${ticket.id}/events`);
  assert.deepEqual(events.map(({ kind, actor }) => [kind, actor.split(':')[0]]).slice(1), [['updated', 'automation']]);
});

test('a dry run of a draft says what it would have done, and why not', async () => {
  const draft = { id: 'draft', displayName: 'Taslak', events: ['AUTOMATION_EVENT_CREATED'], allConditions: ['subject:kargo'], actions: [{ addTag: 'kargo' }] };
  const dry = await eventually('both tickets are told of', async () => {
    const answer = await call('POST', '/v1/automations:dryRun', { automation: draft, days: 1 });
    return Number(answer.eventCount) >= 3 && answer;
  });
  assert.equal(dry.runs.length, 1);
  assert.equal(dry.runs[0].conditions[0].values.subject, 'Kargo nerede?');
  assert.deepEqual((await call('GET', '/v1/tickets?filter=tags:kargo')).tickets ?? [], []);
  const iade = (await call('GET', '/v1/tickets?filter=tags:iade')).tickets[0];
  const one = await call('POST', '/v1/automations:dryRun', { automation: draft, ticketId: iade.id });
  assert.equal(one.runs[0].outcome, 'AUTOMATION_OUTCOME_NOT_MET');
});

test('an operator sees automations by the command line, and one that is wrong is refused', async () => {
  const list = await suite.cli(['automations', 'list']);
  assert.equal(list.code, 0, list.stderr);
  assert.match(list.stdout, /tag_refunds/);
  assert.match((await suite.cli(['automations', 'show', 'tag_refunds'])).stdout, /created/);
  assert.match((await suite.cli(['automations', 'runs'])).stdout, /fired/);
  const dry = await suite.cli(['automations', 'dry-run', 'tag_refunds', '--days', '1']);
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stderr, /1 would have acted/);
  const refused = await suite.http('POST', '/v1/automations', { id: 'bad', displayName: 'x', events: ['AUTOMATION_EVENT_CREATED'], allConditions: ['color = red'], actions: [{ addTag: 'x' }] });
  assert.equal(refused.status, 400);
  assert.match(JSON.stringify(refused.body), /all_conditions\[0\]/);
});

test('a storefront has nothing to do with them', async () => {
  const { secret } = await call('POST', '/v1/apiKeys', { displayName: 'shop', kind: 'API_KEY_KIND_STOREFRONT', scopes: ['*'] });
  assert.equal((await suite.http('GET', '/v1/automations', undefined, { key: secret })).status, 403);
});

test('another system is told, verifies it, and is told the same again where it failed', async () => {
  const key = randomBytes(32);
  await call('POST', '/v1/ticketWebhooks', { id: 'erp', url: `http://127.0.0.1:${receiver.address().port}/hook`, secret: `whsec_${key.toString('base64')}` });
  await call('POST', '/v1/automations', { id: 'tell', displayName: 'Haber ver', events: ['AUTOMATION_EVENT_CREATED'], allConditions: ['subject:haber'], webhookIds: ['erp'] });
  const ticket = await openTicket('haber');
  const done = await eventually('the call is done', async () => {
    const { calls } = await call('GET', '/v1/ticketWebhookCalls?filter=webhook_id%20%3D%20erp');
    return calls?.find((one) => one.state === 'TICKET_WEBHOOK_CALL_STATE_DONE');
  }, 60);
  assert.equal(done.attemptCount, 2);
  assert.equal(received.length, 2);
  for (const { headers, body } of received) {
    assert.equal(headers['webhook-id'], done.id);
    const signature = createHmac('sha256', key).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`).digest('base64');
    assert.equal(headers['webhook-signature'], `v1,${signature}`);
    assert.equal(JSON.parse(body).data.ticket.id, ticket.id);
  }
  assert.equal((await call('GET', '/v1/ticketWebhooks/erp')).secret ?? '', '');
});

test('what happened while the desk was down is handled once it is up again', async () => {
  suite.kill('support');
  suite.down();
  await suite.up();
  const ticket = await openTicket('iade yine');
  await eventually('the automation has acted', async () => (await runsOf(ticket.id)).length === 1);
});
