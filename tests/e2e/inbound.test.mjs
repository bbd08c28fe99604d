// What reaches the help desk from elsewhere, through the gateway: phone calls, and conversations of social media and marketplaces with their answers.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Suite } from './suite.mjs';

let suite;
before(async () => {
  suite = await Suite.start();
  await suite.createStore('tr', 'TRY');
});
after(() => suite?.stop());

async function call(method, route, body) {
  const answer = await suite.http(method, route, body);
  assert.equal(answer.status, 200, `${method} ${route}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}
const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
const inbound = (messageId, text, minutes, extra = {}) => ({ storeId: 'tr', source: 'instagram', conversationId: 't_1', messageId,
  sender: { externalId: 'ig_7', name: 'Ayşe', customerNumber: '42' }, text, occurTime: ago(minutes), ...extra });
const texts = async (ticket) => (await call('GET', `/v1/tickets/${ticket}/messages`)).messages.map((message) => message.text);

test('a conversation of a source is one ticket, and what an agent answers is delivered once', async () => {
  const first = await call('POST', '/v1/inboundMessages', inbound('m_2', 'Beden 38', 5));
  assert.equal(first.outcome, 'INBOUND_OUTCOME_TICKET');
  const late = await call('POST', '/v1/inboundMessages', inbound('m_1', 'Kırmızı var mı?', 9));
  assert.equal(late.ticketId, first.ticketId);
  assert.equal((await call('POST', '/v1/inboundMessages', inbound('m_1', 'Kırmızı var mı?', 9))).repeated, true);
  assert.deepEqual(await texts(first.ticketId), ['Kırmızı var mı?', 'Beden 38']);
  const ticket = await call('GET', `/v1/tickets/${first.ticketId}`);
  assert.equal(ticket.channel, 'CHANNEL_SOCIAL');
  assert.ok(ticket.contactId);

  await call('POST', `/v1/tickets/${first.ticketId}:reply`, { message: { text: 'Var, yarın kargoda' } });
  const { messages } = await call('GET', '/v1/outboundMessages?source=instagram');
  assert.deepEqual(messages.map(({ text, conversationId, recipientExternalId, answeredMessageId }) => ({ text, conversationId, recipientExternalId, answeredMessageId })),
    [{ text: 'Var, yarın kargoda', conversationId: 't_1', recipientExternalId: 'ig_7', answeredMessageId: 'm_2' }]);
  const failed = await call('POST', `/v1/outboundMessages/${messages[0].id}:fail`, { reason: 'rate limited' });
  assert.equal(failed.state, 'OUTBOUND_STATE_WAITING');
  assert.equal((await call('GET', '/v1/outboundMessages?source=instagram')).messages?.length ?? 0, 0);
  assert.equal((await call('POST', `/v1/outboundMessages/${messages[0].id}:ack`, { externalMessageId: 'm_3' })).state, 'OUTBOUND_STATE_DELIVERED');
  const echo = await call('POST', '/v1/inboundMessages', inbound('m_3', 'Var, yarın kargoda', 0, { direction: 'INBOUND_DIRECTION_OUT' }));
  assert.equal(echo.outcome, 'INBOUND_OUTCOME_ECHO');
  assert.equal((await texts(first.ticketId)).length, 3);
});

test('a batch tells of each message what became of it, and wrong input names the field', async () => {
  const { results } = await call('POST', '/v1/inboundMessages:batchCreate', { messages: [
    inbound('q_2', 'Pili var mı?', 1, { source: 'trendyol-questions', conversationId: 'q', marketplace: true }),
    inbound('', 'adsız', 1),
    inbound('q_1', 'Merhaba', 2, { source: 'trendyol-questions', conversationId: 'q', marketplace: true }) ] });
  assert.deepEqual(results.map((result) => result.outcome ?? 'INBOUND_OUTCOME_UNSPECIFIED'), ['INBOUND_OUTCOME_MESSAGE', 'INBOUND_OUTCOME_UNSPECIFIED', 'INBOUND_OUTCOME_TICKET']);
  assert.match(results[1].error.message, /messages\[1\]\.message_id/);
  assert.deepEqual(await texts(results[0].ticketId), ['Merhaba', 'Pili var mı?']);
  const wrong = await suite.http('POST', '/v1/inboundMessages', inbound('m_9', 'x', 0, { source: 'Insta gram', attachmentUrls: ['http://x'] }));
  assert.equal(wrong.status, 400);
  assert.match(JSON.stringify(wrong.body), /message\.source/);
  assert.match(JSON.stringify(wrong.body), /message\.attachment_urls\[0\]/);
});

test('a call is a ticket that was answered, a missed one waits, and the command line logs too', async () => {
  const talked = await call('POST', '/v1/phoneCalls', { storeId: 'tr', direction: 'PHONE_CALL_DIRECTION_INBOUND', outcome: 'PHONE_CALL_OUTCOME_ANSWERED',
    phoneNumber: '0532 123 45 67', startTime: ago(10), durationSeconds: 200, summary: 'Kargo soruldu', externalId: 'pbx-1' });
  assert.equal(talked.phoneNumber, '+905321234567');
  const ticket = await call('GET', `/v1/tickets/${talked.ticketId}`);
  assert.equal(ticket.channel, 'CHANNEL_PHONE');
  assert.ok(ticket.deadlines[0].metTime);
  const missed = await suite.cli(['-o', 'json', 'tickets', 'log-call', '05321234567', '--outcome', 'no_answer', '--store', 'tr']);
  const { ticketId } = JSON.parse(missed.stdout);
  assert.equal((await call('GET', `/v1/tickets/${ticketId}`)).state, 'TICKET_STATE_NEW');
  const back = await call('POST', `/v1/tickets/${ticketId}:logCall`, { direction: 'PHONE_CALL_DIRECTION_OUTBOUND', outcome: 'PHONE_CALL_OUTCOME_ANSWERED',
    phoneNumber: '+905321234567', startTime: ago(0), summary: 'Arandı, çözüldü' });
  assert.equal(back.ticketId, ticketId);
  assert.ok((await call('GET', `/v1/tickets/${ticketId}`)).deadlines[0].metTime);
  const { calls } = await call('GET', `/v1/phoneCalls?filter=${encodeURIComponent(`ticket_id = "${ticketId}"`)}`);
  assert.equal(calls.length, 2);
  const wrong = await suite.http('POST', '/v1/phoneCalls', { direction: 'PHONE_CALL_DIRECTION_INBOUND', phoneNumber: 'x', startTime: ago(0) });
  assert.equal(wrong.status, 400);
  assert.match(JSON.stringify(wrong.body), /call\.outcome.*call\.phone_number/);
});
