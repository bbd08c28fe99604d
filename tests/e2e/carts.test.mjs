// A cart that is left alone, as a storefront, staff and the card see it: abandoned, given back by a link, recovered.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Suite, eventually } from './suite.mjs';

let suite;
let shopKey;

const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
const lira = (minor) => ({ minor: String(minor), currencyCode: 'TRY' });
const cart = (externalId, minutes, extra = {}) => ({ cart: {
  storeId: 'web', externalId, customer: { externalId: 'M-7', email: 'ayse@example.com', emailVerified: true },
  sourceUpdateTime: ago(minutes), lines: [{ sku: 'A', title: 'Elbise', quantity: '2', unitPrice: lira(25000) }], ...extra } });

async function ok(method, route, body, options) {
  const answer = await suite.http(method, route, body, options);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}
const shop = (method, route, body) => ok(method, route, body, { key: shopKey });
const listed = async (state) => (await ok('GET', `/v1/carts?store_id=web&filter=${encodeURIComponent(`state = ${state}`)}`)).carts ?? [];
const until = (what, id, state) => eventually(what, async () => {
  const known = await ok('GET', `/v1/carts/${id}`);
  return known.state === `CART_STATE_${state}` && known;
});

before(async () => {
  suite = await Suite.start();
  await suite.createStore('web', 'TRY');
  const created = await ok('POST', '/v1/apiKeys', { displayName: 'shop', kind: 'API_KEY_KIND_STOREFRONT', scopes: ['orders.*'], storeIds: ['web'] });
  shopKey = created.secret;
});
after(() => suite?.stop());

test('the policy is staff\'s: read, changed by its mask and version, and not the storefront\'s', async () => {
  const policy = await ok('GET', '/v1/stores/web/cartPolicy');
  assert.equal(policy.idleMinutes, 60);
  assert.equal(policy.expireDays, 30);
  assert.equal(policy.recoveryDays, 7);
  const changed = await ok('PATCH', '/v1/stores/web/cartPolicy?update_mask=idle_minutes', { idleMinutes: 20, expireDays: 5, etag: policy.etag });
  assert.equal(changed.idleMinutes, 20);
  assert.equal(changed.expireDays, 30);
  const late = await suite.http('PATCH', '/v1/stores/web/cartPolicy?update_mask=idle_minutes', { idleMinutes: 30, etag: policy.etag });
  assert.match(JSON.stringify(late.body), /ETAG_MISMATCH/);
  const wrong = await suite.http('PATCH', '/v1/stores/web/cartPolicy?update_mask=idle_minutes', { idleMinutes: 0 });
  assert.equal(wrong.status, 400);
  assert.match(JSON.stringify(wrong.body), /policy\.idle_minutes/);
  assert.equal((await suite.http('GET', '/v1/stores/web/cartPolicy', undefined, { key: shopKey })).status, 403);
});

test('a cart left alone is abandoned once, opened by its customer, abandoned again, and recovered by an order', async () => {
  const { id } = await shop('POST', '/v1/carts:upsert', cart('c-1', 90));
  const abandoned = await until('the cart to be abandoned', id, 'ABANDONED');
  assert.equal(abandoned.abandonCount, '1');
  assert.equal(Date.parse(abandoned.abandonTime), Date.parse(abandoned.activityTime) + 20 * 60_000);
  assert.deepEqual((await listed('ABANDONED')).map((one) => one.externalId), ['c-1']);
  const card = await ok('GET', `/v1/contacts/${abandoned.contactId}/card`);
  assert.deepEqual((card.openCarts ?? []).map((one) => one.externalId), ['c-1']);

  // A kill in between forgets nothing and tells nothing twice.
  const back = cart('c-1', 60);
  suite.kill('orders');
  await eventually('orders to be back', async () =>
    (await suite.http('POST', '/v1/carts:upsert', back, { key: shopKey })).status === 200);
  const again = await eventually('the second time', async () => {
    const known = (await suite.http('GET', `/v1/carts/${id}`)).body;
    return known.abandonCount === '2' && known;
  });
  assert.equal(again.state, 'CART_STATE_ABANDONED');

  await shop('POST', '/v1/orders:ingest', { order: {
    storeId: 'web', externalId: '1001', placeTime: ago(5), customer: { externalId: 'M-7' }, pricesIncludeTax: true, paid: true,
    lines: [{ sku: 'A', quantity: '1', unitPrice: lira(24000) }] } });
  const recovered = await until('the cart to be recovered', id, 'RECOVERED');
  assert.equal(recovered.order.externalId, '1001');
  assert.equal(recovered.order.total.minor, '24000');
  assert.deepEqual((await listed('ABANDONED')).length, 0);
});

test('a guest\'s cart is known by the visitor, and one left for long expires', async () => {
  const { id } = await shop('POST', '/v1/carts:upsert', cart('guest', 45, { customer: { visitorId: 'v-9' } }));
  assert.equal((await until('the guest to leave', id, 'ABANDONED')).abandonCount, '1');
  const old = await shop('POST', '/v1/carts:upsert', cart('old', 31 * 24 * 60, { customer: { email: 'eski@example.com' } }));
  const expired = await until('the old cart to expire', old.id, 'EXPIRED');
  assert.ok(!Number(expired.abandonCount ?? 0));
});

test('a link gives the lines back, and nothing of who it was', async () => {
  const { id } = await shop('POST', '/v1/carts:upsert', cart('c-2', 1));
  const link = await shop('POST', `/v1/carts/${id}:createLink`, {});
  const content = await shop('POST', '/v1/carts:recover', { token: link.token });
  assert.equal(content.externalId, 'c-2');
  assert.equal(content.lines[0].sku, 'A');
  assert.equal(content.value, '50000');
  assert.ok(!JSON.stringify(content).includes('ayse@example.com'));
  const wrong = await suite.http('POST', '/v1/carts:recover', { token: `${link.token[0] === 'A' ? 'B' : 'A'}${link.token.slice(1)}` }, { key: shopKey });
  assert.equal(wrong.status, 404);
  assert.match(JSON.stringify(wrong.body), /CART_LINK_NOT_VALID/);
  await shop('POST', '/v1/carts:upsert', cart('c-2', 0, { orderExternalId: '1002' }));
  const ordered = await suite.http('POST', '/v1/carts:recover', { token: link.token }, { key: shopKey });
  assert.match(JSON.stringify(ordered.body), /CART_ALREADY_ORDERED/);
});

test('the command line shows carts and their policy', async () => {
  assert.match((await suite.cli(['carts', 'list', '--state', 'recovered'])).stdout, /c-1.*recovered.*1001/);
  assert.match((await suite.cli(['carts', 'policy', 'web', '--recovery-days', '14'])).stdout, /web +20 +30 +14/);
});
