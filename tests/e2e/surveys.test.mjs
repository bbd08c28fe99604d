// Surveys through the gateway: a solved ticket is asked about, a customer answers by the link without a key, and the results say how sure they are.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Suite, eventually } from './suite.mjs';

let suite;
let contact;
before(async () => {
  suite = await Suite.start();
  await suite.createStore('tr', 'TRY');
  contact = (await call('POST', '/v1/contacts', { givenName: 'Ayşe', identities: [{ kind: 'IDENTITY_KIND_EMAIL', value: 'ayse@example.com', verified: true }] })).id;
  await call('POST', '/v1/surveys', { id: 'csat', kind: 'SURVEY_KIND_CSAT', trigger: 'SURVEY_TRIGGER_TICKET_SOLVED' });
});
after(() => suite?.stop());

async function call(method, route, body) {
  const answer = await suite.http(method, route, body);
  assert.equal(answer.status, 200, `${method} ${route}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

async function page(link, options = {}) {
  const answer = await fetch(suite.url + link, { redirect: 'manual', ...options });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}
const post = (link, fields) => page(link, { method: 'POST', body: new URLSearchParams(fields) });

async function solveTicket() {
  const ticket = await call('POST', '/v1/tickets', { ticket: { subject: 'Kargo', storeId: 'tr', contactId: contact, assignee: 'user:ali', team: 'kargo' },
    message: { text: 'Kargom nerede?', author: 'TICKET_AUTHOR_CUSTOMER' } });
  await call('POST', `/v1/tickets/${ticket.id}:reply`, { message: { text: 'Yolda' }, nextState: 'TICKET_STATE_SOLVED' });
  return ticket.id;
}

const invitationOf = (ticket, state) => eventually(`the invitation about ${ticket} is ${state}`, async () => {
  const { body } = await suite.http('GET', `/v1/surveyInvitations?filter=${encodeURIComponent(`ticket_id = "${ticket}"`)}`);
  return body.invitations?.find((one) => one.state === `SURVEY_INVITATION_STATE_${state}`);
});

test('a customer answers by the link, once, and what only fetches the link answers nothing', async () => {
  const ticket = await solveTicket();
  const { id, linkPath } = await invitationOf(ticket, 'ASKED');
  const turkish = await page(linkPath, { headers: { 'Accept-Language': 'tr' } });
  assert.equal(turkish.status, 200);
  assert.match(turkish.text, /<html lang="tr">[^]*Aldığınız destekten ne kadar memnunsunuz\?/);
  assert.doesNotMatch(turkish.text, /<script/);
  assert.equal(turkish.headers.get('cache-control'), 'no-store');
  assert.match(turkish.headers.get('content-security-policy'), /default-src 'none'/);
  assert.match((await page(`${linkPath}?lang=en`)).text, /<html lang="en">[^]*How satisfied are you/);
  await page(`${linkPath}?score=1&finish=1`);
  assert.equal((await page(linkPath, { method: 'HEAD' })).status, 200);
  assert.equal((await call('GET', `/v1/surveyInvitations/${id}`)).state, 'SURVEY_INVITATION_STATE_ASKED');

  assert.match((await post(linkPath, { score: '4' })).text, /<textarea id="comment"/);
  assert.equal((await call('GET', `/v1/surveyInvitations/${id}`)).state, 'SURVEY_INVITATION_STATE_PARTIAL');
  assert.equal((await post(linkPath, { score: '6' })).status, 400);
  assert.match((await post(linkPath, { comment: 'Çok hızlıydı', finish: '1' })).text, /Teşekkür ederiz/);
  assert.match((await post(linkPath, { score: '1' })).text, /Teşekkür ederiz/);
  const { responses } = await call('GET', '/v1/surveyResponses');
  assert.deepEqual(responses.map(({ score, comment, agent }) => ({ score, comment, agent })), [{ score: 4, comment: 'Çok hızlıydı', agent: 'user:ali' }]);
  const forged = `${linkPath.slice(0, -1)}${linkPath.endsWith('A') ? 'B' : 'A'}`;
  assert.equal((await post(forged, { score: '1' })).status, 404);
});

test('the same person is left in peace, and the results tell how few answered', async () => {
  const skipped = await invitationOf(await solveTicket(), 'SKIPPED');
  assert.equal(skipped.skipReason, 'THROTTLED');
  const refused = await suite.http('POST', '/v1/surveyInvitations', { surveyId: 'csat', contactId: contact });
  assert.equal(refused.status, 400);
  assert.match(JSON.stringify(refused.body), /SURVEY_NOT_ASKED/);
  const { total, rows } = await call('GET', '/v1/surveys/csat:results?group_by=SURVEY_GROUPING_AGENT');
  assert.equal(Number(total.answerCount), 1);
  assert.equal(rows[0].key, 'user:ali');
  assert.equal(total.smallSample, true);
  assert.ok(total.lowerBound > 0.2 && total.lowerBound < 0.21, `Wilson's bound of one of one is 0.2065, not ${total.lowerBound}`);
  assert.match((await suite.cli(['surveys', 'results', 'csat', '--by', 'agent'])).stdout, /user:ali .* 100\.0 % .* few answers/);
  assert.match((await suite.cli(['surveys', 'invitations'])).stdout, /THROTTLED/);
});

test('a rule finds who asked and how they answered, and explains by what', async () => {
  await call('POST', '/v1/segments', { id: 'well-served', displayName: 'Memnun',
    ruleText: 'tickets.count(last 30d, status = "solved") >= 2 AND answers.average(last 90d, kind = "csat") >= 4' });
  await eventually('the person who answered is a member', async () => {
    const { body } = await suite.http('GET', '/v1/segments/well-served/members');
    return body.members?.length === 1 && body.members[0].contactId === contact;
  });
  const why = await call('GET', `/v1/segments/well-served/members/${contact}:explain`);
  assert.deepEqual(why.clause.clauses.map(({ value, facts }) => [value, facts[0].kind]), [['2', 'ticket'], ['4.0', 'answer']]);
  const wrong = await suite.http('POST', '/v1/segments:preview', { ruleText: 'tickets.sum >= 2' });
  assert.equal(wrong.status, 400);
  assert.match(JSON.stringify(wrong.body), /these do: count, first_time, last_time/);
});
