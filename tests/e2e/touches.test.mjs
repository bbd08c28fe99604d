// How people come to the shop, as they live it: pages with esnaf.js in a real browser, consent, log-in, an order from another
// device, and channel rules that change the past.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { Browser } from './browser.mjs';
import { Suite, eventually } from './suite.mjs';

let suite, shop, browser, origin;
before(async () => {
  suite = await Suite.start();
  await suite.createStore('web', 'TRY');
  shop = http.createServer((request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    // What the docs ask a shop's policy to allow.
    response.setHeader('content-security-policy', `script-src 'unsafe-inline' ${suite.url}; connect-src ${suite.url}`);
    response.end(`<!doctype html><title>Dükkan</title>
      <script>window.esnaf = window.esnaf || function () { (esnaf.q = esnaf.q || []).push(arguments); };</script>
      <script async src="${suite.url}/esnaf.js" data-key="${shop.key}" data-store="web"></script>`);
  });
  await new Promise((resolve) => { shop.listen(0, '127.0.0.1', resolve); });
  origin = `http://127.0.0.1:${shop.address().port}`;
  const created = await suite.http('POST', '/v1/apiKeys', { displayName: 'page', kind: 'API_KEY_KIND_PUBLISHABLE',
    scopes: ['touchpoints.write'], storeIds: ['web'], allowedOrigins: [origin] });
  assert.equal(created.status, 200, JSON.stringify(created.body));
  shop.key = created.body.secret;
  await eventually('the key is known', async () => (await suite.http('POST', '/v1/touchpoints:beacon', { touchpoints: [] },
    { key: shop.key, headers: { origin } })).status === 204);
  browser = await Browser.start();
});
after(async () => {
  await browser?.stop();
  shop?.close();
  await suite?.stop();
});

const consent = (word) => `esnaf('consent', { ad_storage: '${word}', analytics_storage: '${word}', ad_user_data: '${word}', ad_personalization: '${word}' })`;
const visitorOf = "new Promise((resolve) => esnaf('visitor', resolve))";
const scriptRuns = 'Boolean(window.esnaf && window.esnaf.loaded)';
const ad = '/?utm_source=google&utm_medium=cpc&utm_campaign=bahar&utm_id=99&gclid=Cj0KTest';

async function touches(filter) {
  const answer = await suite.http('GET', `/v1/touchpoints?filter=${encodeURIComponent(filter)}`);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.touchpoints;
}
async function open(tab, address, referrer) {
  await tab.open(origin + address, referrer);
  await eventually('esnaf.js runs', () => tab.eval(scriptRuns));
}

test('before consent nothing is kept and nothing sent but that somebody came; refusing takes back what was kept', async () => {
  const tab = await browser.person();
  await open(tab, ad.replace('bahar', 'sessiz'), 'https://www.google.com/');
  await tab.eval("esnaf('identify', { email: 'kimse@example.com' })");
  assert.equal(await tab.eval('document.cookie'), '');
  assert.equal(await tab.eval('localStorage.length'), 0);
  assert.equal((await touches('campaign = "sessiz"')).length, 0);
  await tab.leave();
  const [touch] = await eventually('the anonymous touch', async () => {
    const found = await touches('campaign = "sessiz"');
    return found.length > 0 && found;
  });
  for (const field of ['visitorId', 'contactId', 'referrer', 'landingPage', 'userAgent']) assert.equal(touch[field], '', field);
  assert.ok(!touch.clickIds, JSON.stringify(touch.clickIds));
  assert.equal(touch.channel, 'Paid Search');
  await open(tab, '/');
  await tab.eval(consent('granted'));
  assert.match(await tab.eval(visitorOf), /^[0-9a-f-]{32,36}$/);
  assert.match(await tab.eval('document.cookie'), /esnaf_visitor=/);
  await tab.eval(consent('denied'));
  assert.equal(await tab.eval('document.cookie'), '');
  assert.equal(await tab.eval(visitorOf), '');
});

test('a page records the touch, and the order from another device is credited to it', async () => {
  const desk = await browser.person();
  await open(desk, ad, 'https://www.google.com/');
  await desk.eval(consent('granted'));
  const visitor = await desk.eval(visitorOf);
  await eventually('the touch', async () => (await touches(`visitor_id = "${visitor}"`)).length === 1);
  await open(desk, '/elbise', `${origin}/`);
  await desk.eval("esnaf('product', 'SKU-1'); esnaf('event', 'bulten'); esnaf('identify', { email: 'Ayse@Example.com' })");
  await eventually('the rest', async () => (await touches(`visitor_id = "${visitor}"`)).length === 4);
  const kinds = (await touches(`visitor_id = "${visitor}"`)).map((touch) => `${touch.kind} ${touch.name}`).sort();
  assert.deepEqual(kinds, ['TOUCH_KIND_CUSTOM bulten', 'TOUCH_KIND_PAGE_VIEW ', 'TOUCH_KIND_PAGE_VIEW ', 'TOUCH_KIND_PRODUCT_VIEW SKU-1']);
  // Nobody became a contact by it.
  assert.equal((await suite.http('GET', '/v1/contacts')).body.contacts.length, 0);

  // Another device, on which she types the shop's address, logs in and orders.
  const phone = await browser.person();
  await open(phone, '/');
  await phone.eval(consent('granted'));
  const other = await phone.eval(visitorOf);
  assert.notEqual(other, visitor);
  await eventually('the touch of the other device', async () => (await touches(`visitor_id = "${other}"`)).length === 1);
  await phone.eval("esnaf('identify', { email: 'ayse@example.com' })");
  const ordered = await suite.http('POST', '/v1/orders:ingest', { order: { storeId: 'web', externalId: 'o-1', placeTime: new Date().toISOString(),
    customer: { email: 'ayse@example.com', emailVerified: true, givenName: 'Ayşe', visitorId: other },
    lines: [{ sku: 'SKU-1', quantity: '1', unitPrice: { minor: '19900', currencyCode: 'TRY' } }] } });
  assert.equal(ordered.status, 200, JSON.stringify(ordered.body));
  const { id: orderId, contactId: contact } = ordered.body.order;
  const path = await eventually('the path of the person who ordered', async () => {
    const answer = await suite.http('GET', `/v1/contacts/${contact}/touchpoints`);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body.touchpoints.length === 2 && answer.body.touchpoints;
  });
  const touch = path.find(({ visitorId }) => visitorId === visitor);
  assert.equal(touch.channel, 'Paid Search');
  assert.equal(touch.paid, true);
  assert.equal(touch.utm.id, '99');
  assert.equal(touch.clickIds.gclid, 'Cj0KTest');
  assert.equal(touch.referrer, 'https://www.google.com/');
  assert.equal(touch.landingPage, `${origin}/`);
  assert.equal(touch.consent.adUserData, 'CONSENT_WORD_GRANTED');
  assert.equal(path.find(({ visitorId }) => visitorId === other).channel, 'Direct');

  // All of the order is credited to the ad on the first device by the last click that is not direct, half of it where all clicks count.
  const explained = await eventually('the order is credited', async () => {
    const { status, body } = await suite.http('GET', `/v1/orders/${orderId}:explainCredit`);
    return status === 200 && body.touches?.length === 2 && body;
  });
  const creditOf = (model) => explained.models.find((one) => one.model === `ATTRIBUTION_MODEL_${model}`).credits
    .map(({ touchpointId, netMinor }) => [touchpointId === touch.id ? 'ad' : 'direct', netMinor]);
  assert.deepEqual(creditOf('LAST_NON_DIRECT'), [['ad', '19900']]);
  assert.deepEqual(creditOf('LAST'), [['direct', '19900']]);
  assert.deepEqual(creditOf('LINEAR'), [['ad', '9950'], ['direct', '9950']]);
  await eventually('the report says so', async () => {
    const report = await suite.http('GET', '/v1/attribution/report?model=ATTRIBUTION_MODEL_LAST_NON_DIRECT');
    assert.equal(report.status, 200, JSON.stringify(report.body));
    return report.body.rows.find(({ campaign }) => campaign === 'bahar')?.metrics.netMinor === '19900';
  });
});

test('a browser without a window is a bot, kept and counted', async () => {
  const tab = await browser.person({ userAgent: null });
  await open(tab, '/?utm_source=bot&utm_medium=email');
  await tab.eval(consent('granted'));
  const [touch] = await eventually('the touch', async () => {
    const found = await touches('source = "bot"');
    return found.length > 0 && found;
  });
  assert.match(touch.userAgent, /HeadlessChrome/);
  assert.equal(touch.bot, true);
  const counts = await suite.http('GET', '/v1/touchpoints:count?storeId=web');
  const email = counts.body.counts.find((count) => count.channel === 'Email');
  assert.deepEqual([email.count, email.botCount], ['1', '1']);
});

test('channel rules change, and the past follows', async () => {
  const sent = await suite.http('POST', '/v1/touchpoints:batchIngest', { touchpoints: [{ storeId: 'web', eventId: 'k-1',
    landingPage: 'https://dukkan.example/?utm_source=komsu&utm_medium=ilan' }] });
  assert.deepEqual(sent.body.outcomes, ['TOUCH_OUTCOME_CREATED'], JSON.stringify(sent.body));
  assert.equal((await touches('source = "komsu"'))[0].channel, 'Unassigned');
  const { body: rules } = await suite.http('GET', '/v1/channelRules');
  const next = [...rules.rules, { channel: 'Komşular', allOf: [{ anyOf: [{ field: 'CHANNEL_FIELD_SOURCE', operator: 'CHANNEL_OPERATOR_EQUALS', value: 'komsu' }] }] }];
  const updated = await suite.http('PATCH', '/v1/channelRules', { rules: next, etag: rules.etag });
  assert.equal(updated.status, 200, JSON.stringify(updated.body));
  assert.equal(updated.body.version, '2');
  await eventually('the past follows', async () => (await touches('source = "komsu"'))[0].channel === 'Komşular');
  assert.equal((await suite.http('GET', '/v1/channelRules?version=1')).body.rules.length, rules.rules.length);
});
