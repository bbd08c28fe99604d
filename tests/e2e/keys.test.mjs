// What keys may see and do, as their holders live it: browsers with a publishable key, and back ends that are limited to stores.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Suite, eventually } from './suite.mjs';

const shop = 'https://shop.example';
let suite;
before(async () => {
  suite = await Suite.start();
  await suite.createStore('tr', 'TRY');
  await suite.createStore('de', 'EUR');
});
after(() => suite?.stop());

async function makeKey(key) {
  const created = await suite.http('POST', '/v1/apiKeys', { displayName: 'test', ...key });
  assert.equal(created.status, 200, JSON.stringify(created.body));
  return created.body.secret;
}

const cart = (email) => ({ cart: { storeId: 'tr', externalId: 'c-1', customer: { email, emailVerified: true },
  lines: [{ sku: 'A', title: 'Elbise', quantity: '1', unitPrice: { minor: '100', currencyCode: 'TRY' } }] } });

test('a browser sends carts and messages from its origin, reads nothing back, and calls nothing else', async () => {
  const key = await makeKey({ kind: 'API_KEY_KIND_PUBLISHABLE', scopes: ['orders.*', 'contacts.*', 'interactions.*'], storeIds: ['tr'], allowedOrigins: [shop] });
  const from = (origin) => ({ key, headers: { origin } });
  const preflight = async (origin) => (await suite.http('OPTIONS', '/v1/carts:upsert', undefined,
    { key: '', headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' } })).headers;
  assert.equal((await preflight(shop)).get('access-control-allow-origin'), shop);
  assert.match((await preflight(shop)).get('access-control-allow-headers'), /Authorization.*Content-Type/);
  assert.equal((await preflight('https://evil.example')).get('access-control-allow-origin'), null);

  const sent = await suite.http('POST', '/v1/carts:upsert', cart('ayse@example.com'), from(shop));
  assert.equal(sent.status, 200, JSON.stringify(sent.body));
  assert.equal(sent.headers.get('access-control-allow-origin'), shop);
  assert.deepEqual(sent.body, {});
  // An older delivery answers with the cart that is known, but not to a browser.
  const older = { cart: { ...cart('thief@example.com').cart, sourceUpdateTime: '2020-01-01T00:00:00Z' } };
  assert.deepEqual((await suite.http('POST', '/v1/carts:upsert', older, from(shop))).body, {});
  const carts = await suite.http('GET', '/v1/carts?store_id=tr');
  assert.equal(carts.body.carts[0].customer.email, 'ayse@example.com');
  assert.equal(carts.body.carts[0].customer.emailVerified, false, 'a browser proves nothing');

  const message = { interaction: { channel: 'CHANNEL_WEB_FORM', direction: 'DIRECTION_INBOUND', externalId: 'f-1', body: 'Kargom nerede?' },
    identity: { kind: 'IDENTITY_KIND_EMAIL', value: 'ayse@example.com' } };
  for (let i = 0; i < 2; ++i) {
    const said = await suite.http('POST', '/v1/interactions:ingest', message, from(shop));
    assert.equal(said.status, 200, JSON.stringify(said.body));
    assert.deepEqual(said.body, {});
  }

  // A customer number would prove who somebody is, and a cart of a customer who is proven is not the browser's.
  const guess = { ...cart('x@example.com').cart, externalId: 'c-2', customer: { externalId: 'B-1' } };
  const claimed = await suite.http('POST', '/v1/carts:upsert', { cart: guess }, from(shop));
  assert.equal(claimed.status, 400);
  assert.match(JSON.stringify(claimed.body), /cart\.customer\.external_id/);
  const posed = await suite.http('POST', '/v1/interactions:ingest', { interaction: { ...message.interaction, externalId: 'f-2' },
    identity: { kind: 'IDENTITY_KIND_STORE_CUSTOMER', storeId: 'tr', value: 'B-1' } }, from(shop));
  assert.equal(posed.status, 400);
  assert.match(JSON.stringify(posed.body), /identity\.kind/);
  assert.equal((await suite.http('POST', '/v1/carts:upsert', { cart: guess })).status, 200);
  const taken = await suite.http('POST', '/v1/carts:upsert', { cart: { ...guess, customer: {} } }, from(shop));
  assert.match(JSON.stringify(taken.body), /CART_OF_PROVEN_CUSTOMER/);

  const refusal = async (method, route, body, origin) => {
    const answer = await suite.http(method, route, body, from(origin));
    assert.equal(answer.status, 403, JSON.stringify(answer.body));
    return JSON.stringify(answer.body);
  };
  assert.match(await refusal('POST', '/v1/carts:upsert', cart('x@example.com'), 'https://evil.example'), /ORIGIN_NOT_ALLOWED/);
  assert.match(await refusal('GET', '/v1/carts', undefined, shop), /AUDIENCE_TOO_LOW/);
  assert.match(await refusal('GET', '/v1/contacts', undefined, shop), /AUDIENCE_TOO_LOW/);
  assert.match(await refusal('POST', '/v1/orders:ingest', { order: {} }, shop), /AUDIENCE_TOO_LOW/);
  const elsewhere = await suite.http('POST', '/v1/carts:upsert', { cart: { ...cart('x@example.com').cart, storeId: 'de' } }, from(shop));
  assert.equal(elsewhere.status, 403, 'a store that the key is not for');
});

test('a key limited to a store sees its orders and labels alone, on the timeline and on the card', async () => {
  const person = await suite.http('POST', '/v1/contacts', { givenName: 'Ada', identities: [
    { kind: 'IDENTITY_KIND_STORE_CUSTOMER', storeId: 'tr', value: 'A-1', verified: true }, { kind: 'IDENTITY_KIND_STORE_CUSTOMER', storeId: 'de', value: 'A-9', verified: true }] });
  let position;
  for (const [storeId, externalId, currencyCode] of [['tr', 'A-1', 'TRY'], ['de', 'A-9', 'EUR']]) {
    const sold = await suite.http('POST', '/v1/orders:ingest', { order: { storeId, externalId: `${storeId}-order`, placeTime: '2026-03-01T10:00:00Z', paid: true,
      customer: { externalId }, lines: [{ sku: 'A', title: 'Elbise', quantity: '1', unitPrice: { minor: '100', currencyCode } }] } });
    assert.equal(sold.status, 200, JSON.stringify(sold.body));
    assert.equal(sold.body.order.contactId, person.body.id);
    position = sold.headers.get('esnaf-position');
  }
  const policies = (await suite.http('GET', '/v1/rfm/policies')).body.policies;
  const { id, ...rest } = policies[0];
  const made = await suite.http('POST', '/v1/rfm/policies', { id: 'tr-only', displayName: 'tr', storeId: 'tr', labels: rest.labels, bucketCount: rest.bucketCount, method: rest.method });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  for (const policy of [id, 'tr-only']) assert.equal((await suite.http('POST', `/v1/rfm/policies/${policy}:compute`, {})).status, 200);

  const scopes = ['contacts.*', 'orders.*', 'rfm.*'];
  const keys = { all: await makeKey({ kind: 'API_KEY_KIND_STOREFRONT', scopes }), tr: await makeKey({ kind: 'API_KEY_KIND_STOREFRONT', scopes, storeIds: ['tr'] }),
    de: await makeKey({ kind: 'API_KEY_KIND_STOREFRONT', scopes, storeIds: ['de'] }) };
  const get = async (key, route) => (await suite.http('GET', `/v1/contacts/${person.body.id}/${route}`, undefined, { key, headers: { 'esnaf-after': position } })).body;
  const labels = (entries) => entries.filter((entry) => entry.kind === 'TIMELINE_KIND_SEGMENT').map((entry) => entry.subjectId).sort();
  await eventually('both labels are on the timeline', async () => labels((await get(keys.all, 'timeline')).entries).join() === 'default,tr-only');
  const orders = (entries) => entries.filter((entry) => entry.kind === 'TIMELINE_KIND_ORDER').map((entry) => entry.summary.match(/Sipariş (\S+):/)[1]).sort();
  for (const [name, expected] of [['all', [['de-order', 'tr-order'], ['default', 'tr-only']]], ['tr', [['tr-order'], ['tr-only']]], ['de', [['de-order'], []]]]) {
    const { entries } = await get(keys[name], 'timeline');
    assert.deepEqual(orders(entries), expected[0], name);
    assert.deepEqual(labels(entries), expected[1], name);
    const card = await get(keys[name], 'card');
    assert.deepEqual(orders(card.timeline), expected[0], name);
    assert.deepEqual(card.recentOrders.map((order) => order.externalId).sort(), expected[0], name);
    assert.equal(Boolean(card.rfm), name === 'all', `${name}: the default policy counts every store`);
    assert.deepEqual(card.unreachable ?? [], []);
  }
  assert.equal((await suite.http('GET', `/v1/contacts/${person.body.id}/rfm?policy_id=tr-only`, undefined, { key: keys.tr })).status, 200);
  assert.equal((await suite.http('GET', `/v1/contacts/${person.body.id}/rfm?policy_id=tr-only`, undefined, { key: keys.de })).status, 404);
});
