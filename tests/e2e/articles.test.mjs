// The knowledge base and the desk's report through the gateway: a publishable key reads what is published and nothing else.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Suite } from './suite.mjs';

let suite;
let browser;
before(async () => {
  suite = await Suite.start();
  await suite.createStore('tr', 'TRY');
  browser = (await call('POST', '/v1/apiKeys', { kind: 'API_KEY_KIND_PUBLISHABLE', displayName: 'page', scopes: ['articles.read', 'articles.write'] })).secret;
});
after(() => suite?.stop());

async function call(method, route, body, options) {
  const answer = await suite.http(method, route, body, options);
  assert.equal(answer.status, 200, `${method} ${route}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

test('a page suggests and reads published articles by its publishable key, and what they spare is counted', async () => {
  await call('POST', '/v1/articles', { id: 'kargo', category: 'teslimat', turkish: { title: 'Kargom nerede?', body: 'Takip numarası ile bakın.' }, english: { title: 'Where is my parcel?' } });
  const hidden = await suite.http('GET', '/v1/articles/kargo', undefined, { key: browser });
  assert.equal(hidden.status, 404);
  await call('POST', '/v1/articles/kargo:publish', {});
  assert.equal((await call('GET', '/v1/articles/kargo', undefined, { key: browser })).turkish.title, 'Kargom nerede?');
  assert.deepEqual((await call('POST', '/v1/articles:suggest', { text: 'KARGOLARIM gelmedi' }, { key: browser })).articles.map((one) => one.id), ['kargo']);
  assert.deepEqual((await call('GET', '/v1/articles?query=takip', undefined, { key: browser })).articles.map((one) => one.id), ['kargo']);
  // What it writes is answered with nothing.
  assert.deepEqual(await call('POST', '/v1/articles/kargo:read', { sessionId: 'session-1' }, { key: browser }), {});
  assert.deepEqual(await call('POST', '/v1/articles/kargo:vote', { viewerId: 'viewer-01', helpful: true }, { key: browser }), {});
  const seen = await call('GET', '/v1/articles/kargo');
  assert.equal(Number(seen.readingCount), 1);
  assert.equal(Number(seen.helpfulCount), 1);
  assert.equal((await suite.http('GET', '/v1/articles/kargo/versions', undefined, { key: browser })).status, 403);
  assert.match((await suite.cli(['articles', 'list', '--query', 'parcel'])).stdout, /kargo +teslimat +published/);
});

test('the report and the queue say how the desk does', async () => {
  const { id } = await call('POST', '/v1/tickets', { ticket: { subject: 'Kargo', storeId: 'tr', team: 'kargo' }, message: { text: 'Nerede?', author: 'TICKET_AUTHOR_CUSTOMER' } });
  await call('POST', `/v1/tickets/${id}:reply`, { message: { text: 'Yolda' }, nextState: 'TICKET_STATE_SOLVED' });
  const report = await call('GET', '/v1/support/report?group_by=SUPPORT_GROUPING_TEAM');
  assert.equal(report.rows[0].key, 'kargo');
  assert.equal(Number(report.total.solvedCount), 1);
  assert.equal(report.total.oneTouchRate, 1);
  assert.match((await suite.cli(['tickets', 'report', '--by', 'team'])).stdout, /kargo +1 /);
  assert.match((await suite.cli(['tickets', 'queue'])).stdout, /UNASSIGNED/);
});
