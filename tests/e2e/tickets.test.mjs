// The help desk through the gateway: a storefront's ticket, its answer, its deadlines, the timeline and the card, and the command line.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Suite, eventually } from './suite.mjs';

let suite;
let contact;
before(async () => {
  suite = await Suite.start();
  await suite.createStore('tr', 'TRY');
  const made = await suite.http('POST', '/v1/contacts', { givenName: 'Ayşe', identities: [{ kind: 'IDENTITY_KIND_EMAIL', value: 'ayse@example.com', verified: true }] });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  contact = made.body.id;
});
after(() => suite?.stop());

async function call(method, route, body, options) {
  const answer = await suite.http(method, route, body, options);
  assert.equal(answer.status, 200, `${method} ${route}: ${JSON.stringify(answer.body)}`);
  return answer;
}

const create = (subject, extra = {}) => call('POST', '/v1/tickets', { ticket: { subject, storeId: 'tr', contactId: contact, channel: 'CHANNEL_WEB_FORM', ...extra },
  message: { text: 'Kargom nerede?', author: 'TICKET_AUTHOR_CUSTOMER' } });

test('a ticket goes from its creation to its solution, and the person\'s card and timeline show it', async () => {
  const { body: ticket, headers } = await create('Kargo İstanbul\'da kaldı');
  assert.equal(ticket.state, 'TICKET_STATE_NEW');
  assert.equal(ticket.slaPolicyId, 'default');
  assert.deepEqual(ticket.deadlines.map((deadline) => deadline.metric), ['SLA_METRIC_FIRST_RESPONSE', 'SLA_METRIC_RESOLUTION']);
  assert.ok(headers.get('esnaf-position').startsWith('support:'));

  await call('POST', `/v1/tickets/${ticket.id}:note`, { message: { text: 'Depoya soruldu' } });
  await call('POST', `/v1/tickets/${ticket.id}:assign`, { assignee: 'user:ali', team: 'kargo' });
  await call('POST', `/v1/tickets/${ticket.id}:setPriority`, { priority: 'TICKET_PRIORITY_URGENT' });
  await call('POST', `/v1/tickets/${ticket.id}:reply`, { message: { text: 'Yarın elinizde' } });
  const { body: open } = await call('GET', `/v1/tickets/${ticket.id}`);
  assert.equal(open.state, 'TICKET_STATE_OPEN');
  assert.ok(open.deadlines[0].metTime);
  const { body: card } = await call('GET', `/v1/contacts/${contact}/card`);
  assert.equal(Number(card.support.openTicketCount), 1);
  assert.equal(card.support.openTickets[0].id, ticket.id);

  const solved = await call('POST', `/v1/tickets/${ticket.id}:solve`, { etag: open.etag });
  const { body: timeline } = await call('GET', `/v1/contacts/${contact}/timeline`, undefined, { headers: { 'esnaf-after': solved.headers.get('esnaf-position') } });
  assert.deepEqual(timeline.entries.filter((entry) => entry.kind === 'TIMELINE_KIND_TICKET').map((entry) => entry.summary),
    [`Destek talebi #${ticket.number} çözüldü: Kargo İstanbul'da kaldı`, `Destek talebi #${ticket.number} açıldı: Kargo İstanbul'da kaldı`]);

  const wrong = await suite.http('POST', `/v1/tickets/${ticket.id}:solve`, {});
  assert.equal(wrong.status, 400);
  assert.match(JSON.stringify(wrong.body), /TICKET_STATE/);
  const { body: events } = await call('GET', `/v1/tickets/${ticket.id}/events`);
  assert.deepEqual(events.events.map((event) => event.kind), ['created', 'message', 'assigned', 'priority', 'message', 'state']);
  assert.deepEqual(events.events.map((event) => Number(event.sequence)), [1, 2, 3, 4, 5, 6]);
});

test('another promise counts for open tickets by itself, is found by filter and search, and explained', async () => {
  const { body: ticket } = await create('Şampiyon bekliyor', { tags: ['vip'] });
  assert.equal(ticket.slaPolicyId, 'default');
  await call('POST', '/v1/slaPolicies', { id: 'vip', position: 1, condition: { tags: ['vip'] }, targets: { firstResponseMinutes: 30 } });
  const changed = await eventually('the ticket follows the new policy', async () => {
    const { body } = await suite.http('GET', `/v1/tickets/${ticket.id}`);
    return body.slaPolicyId === 'vip' && body;
  });
  // This policy counts day and night.
  assert.equal(Date.parse(changed.nextDueTime) - Date.parse(ticket.createTime), 30 * 60 * 1000);
  const { body: found } = await call('GET', `/v1/tickets?filter=${encodeURIComponent('sla_policy_id = vip AND breached = false')}&query=${encodeURIComponent('SAMPIYON')}`);
  assert.deepEqual(found.tickets.map((one) => one.id), [ticket.id]);
  const { body: why } = await call('GET', `/v1/tickets/${ticket.id}:explainDeadlines`);
  assert.equal(why.slaPolicyId, 'vip');
  assert.equal(why.deadlines[0].deadline.dueTime, changed.nextDueTime);
});

test('who writes again need not tell the same twice', async () => {
  const { body: ticket } = await create('Yine ben', { channel: 'CHANNEL_PHONE' });
  const { body: elsewhere } = await call('GET', `/v1/tickets/${ticket.id}/requesterMessages?pageSize=100`);
  assert.ok(elsewhere.messages.some((message) => message.text === 'Yarın elinizde'));
  assert.ok(elsewhere.messages.every((message) => message.ticketId !== ticket.id));
  assert.match((await suite.cli(['tickets', 'elsewhere', ticket.id])).stdout, /agent +Yarın elinizde/);
});

test('states have names of the firm\'s own, which mean what their types mean', async () => {
  await call('POST', '/v1/ticketStates', { id: 'awaiting-courier', nameTr: 'Kargo bekleniyor', nameEn: 'Awaiting courier', type: 'TICKET_STATE_PENDING_INTERNAL' });
  const { body: ticket } = await create('Kargoda');
  const { body: moved } = await call('POST', `/v1/tickets/${ticket.id}:move`, { stateId: 'awaiting-courier' });
  assert.deepEqual([moved.state, moved.stateId, moved.stateNameTr], ['TICKET_STATE_PENDING_INTERNAL', 'awaiting-courier', 'Kargo bekleniyor']);
  const { body: found } = await call('GET', `/v1/tickets?filter=${encodeURIComponent('state_id = "awaiting-courier"')}`);
  assert.deepEqual(found.tickets.map(({ id }) => id), [ticket.id]);
  const inUse = await suite.http('DELETE', '/v1/ticketStates/awaiting-courier');
  assert.equal(inUse.status, 400);
  assert.match(JSON.stringify(inUse.body), /TICKET_STATE_IN_USE/);
  assert.match((await suite.cli(['tickets', 'states'])).stdout, /awaiting-courier +pending_internal/);
  const { body: solved } = await call('POST', `/v1/tickets/${ticket.id}:solve`, {});
  assert.equal(solved.stateId ?? '', '');
});

test('merging and splitting keep every word, and the command line shows the desk', async () => {
  const { body: first } = await create('Bir');
  const { body: second } = await create('İki');
  await call('POST', `/v1/tickets/${first.id}:merge`, { intoId: second.id });
  const { body: messages } = await call('GET', `/v1/tickets/${second.id}/messages`);
  assert.equal(messages.messages.length, 2);
  const own = messages.messages.find((message) => message.ticketId === second.id);
  const { body: split } = await call('POST', `/v1/tickets/${second.id}:split`, { messageIds: [own.id], subject: 'Üç' });
  assert.deepEqual(split.linkedTicketIds, [second.id]);
  const listed = await suite.cli(['tickets', 'list', '--filter', 'state = NEW', '-o', 'csv']);
  assert.match(listed.stdout, /Üç/);
  assert.match((await suite.cli(['tickets', 'show', second.id])).stdout, /Kargom nerede\?/);
  assert.match((await suite.cli(['tickets', 'deadlines', second.id])).stdout, /resolution/);
});

test('a storefront says by what its customer is known, and agents work from views with macros and in bulk', async () => {
  const made = await call('POST', '/v1/tickets', { ticket: { subject: 'İade', storeId: 'tr' }, message: { text: 'İade etmek istiyorum', author: 'TICKET_AUTHOR_CUSTOMER' },
    requester: { identities: [{ kind: 'IDENTITY_KIND_EMAIL', value: 'AYSE@example.com', verified: true }] } });
  assert.equal(made.body.contactId, contact);
  const nobody = await suite.http('POST', '/v1/tickets', { ticket: { subject: 'x', contactId: '01900000-0000-7000-8000-000000000000' }, message: { text: 'x' } });
  assert.equal(nobody.status, 400);
  assert.match(JSON.stringify(nobody.body), /ticket\.contact_id/);

  await call('POST', '/v1/ticketViews', { id: 'iade', displayName: 'İadeler', filter: 'subject = "İade" AND state = NEW', orderBy: 'number' });
  const { body: queue } = await call('GET', '/v1/ticketViews/iade/tickets');
  assert.deepEqual(queue.tickets.map((ticket) => ticket.id), [made.body.id]);
  const { body: counts } = await call('GET', '/v1/ticketViews:count');
  assert.deepEqual(counts.counts.map((count) => [count.viewId, count.count]), [['iade', 1]]);

  const refused = await suite.http('POST', '/v1/macros', { id: 'bad', displayName: 'x', text: '{{contact.password}}' });
  assert.equal(refused.status, 400);
  await call('POST', '/v1/macros', { id: 'iade', displayName: 'İade kodu', text: 'Merhaba {{contact.given_name}}, #{{ticket.number}}', actions: [{ addTag: 'iade' }, { state: 'TICKET_STATE_PENDING_CUSTOMER' }] });
  const { body: shown } = await call('GET', `/v1/tickets/${made.body.id}:previewMacro?macroId=iade`);
  assert.equal(shown.text, `Merhaba Ayşe, #${made.body.number}`);
  const { body: applied } = await call('POST', `/v1/tickets/${made.body.id}:applyMacro`, { macroId: 'iade' });
  assert.equal(applied.message.text, shown.text);
  assert.equal(applied.ticket.state, 'TICKET_STATE_PENDING_CUSTOMER');

  const { body: bulk } = await call('POST', '/v1/tickets:bulkUpdate', { ids: [made.body.id], actions: [{ assignee: 'user:ali' }, { state: 'TICKET_STATE_SOLVED' }] });
  assert.equal(bulk.results[0].ticket.state, 'TICKET_STATE_SOLVED');
  assert.match((await suite.cli(['tickets', 'views', '-o', 'csv'])).stdout, /iade,0/);
});

test('the command line back-tests promises, and the report says whether support keeps customers', async () => {
  assert.match((await suite.cli(['sla', 'policies', '-o', 'csv'])).stdout, /vip/);
  const strict = await suite.cli(['sla', 'backtest', 'vip', '--first-response', '1']);
  assert.match(strict.stdout, /first_response/);
  const month = new Date(Date.now() - 62 * 86400000).toISOString().slice(0, 7);
  const { body: report } = await call('GET', `/v1/support/report:retention?first_month=${month}&last_month=${month}`);
  assert.equal(report.rfmPolicyId, 'default');
  assert.deepEqual(report.comparisons.map((one) => `${one.exposure.replace('RETENTION_EXPOSURE_', '')} ${one.horizonDays}`).slice(0, 3), ['TICKET 30', 'TICKET 60', 'TICKET 90']);
  assert.deepEqual(report.comparisons[2].censoredMonths, [month]);
  assert.match((await suite.cli(['tickets', 'retention', '--from', month, '--to', month])).stdout, /low_csat/);
});
