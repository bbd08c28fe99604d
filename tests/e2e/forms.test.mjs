// Forms through the gateway: a page that is fetched and sent over HTTP without a key, a store's own page with a publishable one, and what looks like spam.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Suite } from './suite.mjs';

let suite;
let key;
before(async () => {
  suite = await Suite.start();
  await suite.createStore('tr', 'TRY');
  await call('POST', '/v1/ticketForms', { id: 'iletisim', storeId: 'tr', team: 'destek', suggestArticles: true, allowedOrigins: ['https://shop.example'],
    guard: { leastFillSeconds: 0 }, fields: [{ kind: 'TICKET_FORM_FIELD_KIND_EMAIL', required: true }, { kind: 'TICKET_FORM_FIELD_KIND_MESSAGE' },
      { kind: 'TICKET_FORM_FIELD_KIND_ORDER_NUMBER' }] });
  await call('POST', '/v1/articles', { id: 'iade', turkish: { title: 'İade nasıl yapılır?', body: 'Üç adımda iade.' } });
  await call('POST', '/v1/articles/iade:publish', {});
  key = (await call('POST', '/v1/apiKeys', { kind: 'API_KEY_KIND_PUBLISHABLE', displayName: 'page', scopes: ['forms.*'], allowedOrigins: ['https://shop.example'] })).secret;
});
after(() => suite?.stop());

async function call(method, route, body) {
  const answer = await suite.http(method, route, body);
  assert.equal(answer.status, 200, `${method} ${route}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}
async function page(path, options = {}) {
  const answer = await fetch(suite.url + path, { redirect: 'manual', ...options });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}
const post = (path, fields) => page(path, { method: 'POST', body: new URLSearchParams(fields) });
const tokenOf = (html) => /name="token" value="([^"]+)"/.exec(html)[1];
const ticketOf = async (number) => (await call('GET', `/v1/tickets?filter=${encodeURIComponent(`number = ${number}`)}`)).tickets[0];

test('a form\'s page is fetched and sent, names what is wrong, and makes one ticket', async () => {
  const shown = await page('/f/iletisim', { headers: { 'Accept-Language': 'tr' } });
  assert.equal(shown.status, 200);
  assert.match(shown.text, /<html lang="tr">[^]*<label for="email">E-posta adresiniz/);
  assert.equal(shown.headers.get('cache-control'), 'no-store');
  assert.match((await page('/f/iletisim?lang=en')).text, /<html lang="en">[^]*Your message/);
  assert.match((await page('/f/iletisim/script')).headers.get('content-type'), /^text\/javascript/);
  const token = tokenOf(shown.text);
  const wrong = await post('/f/iletisim?lang=tr', { token, email: 'ayse', message: 'Kargom nerede?' });
  assert.equal(wrong.status, 400);
  assert.match(wrong.text, /href="#email"[^]*Geçerli bir e-posta adresi yazın/);
  assert.match(wrong.text, /Kargom nerede\?<\/textarea>/);
  const fields = { token, email: 'ayse@example.com', message: 'Kargom nerede?', order_number: '1001' };
  const sent = await post('/f/iletisim?lang=tr', fields);
  assert.equal(sent.status, 200, sent.text);
  const number = /#(\d+)</.exec(sent.text)[1];
  assert.equal(/#(\d+)</.exec((await post('/f/iletisim?lang=tr', fields)).text)[1], number);
  const other = await post('/f/iletisim?lang=tr', { ...fields, message: 'Bir de faturam yok' });
  assert.equal(other.status, 400);
  assert.match(other.text, /Bu form daha önce gönderildi/);
  assert.notEqual(tokenOf(other.text), token);
  const ticket = await ticketOf(number);
  assert.equal(ticket.state, 'TICKET_STATE_NEW');
  assert.equal(ticket.channel, 'CHANNEL_WEB_FORM');
  assert.equal(ticket.team, 'destek');
  assert.equal(ticket.customFields.order_number, '1001');
  assert.equal((await page('/f/none')).status, 404);
});

test('articles are suggested while somebody types, and readings are counted', async () => {
  const token = tokenOf((await page('/f/iletisim')).text);
  assert.match((await post('/f/iletisim/suggest?lang=tr', { token, text: 'iade etmek istiyorum' })).text, /data-article="iade"[^]*Üç adımda/);
  assert.equal((await post('/f/iletisim/read', { token, article: 'iade' })).status, 204);
  assert.equal(Number((await call('GET', '/v1/articles/iade')).readingCount), 1);
});

test('a store\'s page sends with a publishable key, from its origin alone, and learns the number alone', async () => {
  const headers = { origin: 'https://shop.example' };
  const open = await suite.http('GET', '/v1/ticketForms/iletisim:open', undefined, { key, headers });
  assert.equal(open.status, 200, JSON.stringify(open.body));
  const submit = (extra, from = headers) => suite.http('POST', '/v1/ticketForms/iletisim:submit',
    { token: open.body.token, origin: 'https://shop.example', fields: { email: 'ali@example.com', message: 'Fatura?' }, ...extra }, { key, headers: from });
  assert.equal((await submit({}, { origin: 'https://evil.example' })).status, 403);
  const wrong = await submit({ fields: { email: 'x' } });
  assert.equal(wrong.status, 400);
  assert.match(JSON.stringify(wrong.body), /fields\.email[^]*fields\.message/);
  assert.match(JSON.stringify((await submit({ token: 'x' })).body), /"token"/);
  const sent = await submit({});
  assert.equal(sent.status, 200, JSON.stringify(sent.body));
  assert.deepEqual(Object.keys(sent.body), ['ticketNumber']);
  assert.equal((await ticketOf(sent.body.ticketNumber)).state, 'TICKET_STATE_NEW');
  assert.equal((await suite.http('GET', '/v1/ticketForms', undefined, { key, headers })).status, 403);
});

test('what looks like spam is kept and says why, and its sender sees no difference', async () => {
  const token = tokenOf((await page('/f/iletisim')).text);
  const sent = await post('/f/iletisim?lang=tr', { token, email: 'bot@example.com', message: 'http://a http://b http://c', website: 'x' });
  assert.equal(sent.status, 200);
  const ticket = await ticketOf(/#(\d+)</.exec(sent.text)[1]);
  assert.equal(ticket.state, 'TICKET_STATE_SPAM');
  assert.equal(ticket.customFields.spam_reasons, 'HONEYPOT,LINKS');
  assert.match((await suite.cli(['forms', 'list'])).stdout, /iletisim +tr +2 +1/);
});
