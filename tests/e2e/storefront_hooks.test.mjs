// Storefronts as they post by themselves: the published bodies of Shopify and WooCommerce through the gateway become
// orders of contacts, once.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Suite, data, eventually } from './suite.mjs';

const folder = path.join(data, 'webhooks');
const skip = existsSync(path.join(folder, 'gold.json')) ? false : `SKIPPED LOUDLY: there is no ${folder} (set ESNAF_DATA)`;
const gold = skip ? {} : JSON.parse(readFileSync(path.join(folder, 'gold.json'), 'utf8'));
const shopifyFile = 'shopify_webhook_orders_create.json';
const wooFile = 'woocommerce_orders_1.json';
const read = (file) => readFileSync(path.join(folder, file), 'utf8');

let suite;
before(async () => {
  if (skip) return;
  suite = await Suite.start();
  await suite.createStore('web', 'USD');
});
after(() => suite?.stop());

const ok = async (method, route, body) => {
  const answer = await suite.http(method, route, body);
  assert.equal(answer.status, 200, `${method} ${route}: ${JSON.stringify(answer.body)}`);
  return answer.body;
};
const sign = (body) => createHmac('sha256', gold.hmac_secret).update(body).digest('base64');
const postShopify = (topic, body, id, signature = sign(body)) => suite.http('POST', '/hooks/shopify/web', body, { key: '', headers: {
  'x-shopify-topic': topic, 'x-shopify-hmac-sha256': signature, 'x-shopify-webhook-id': id, 'x-shopify-shop-domain': 'x.myshopify.com' } });
const postWoo = (topic, body, id, signature = sign(body)) => suite.http('POST', '/hooks/woocommerce/web', body, { key: '', headers: {
  'x-wc-webhook-topic': topic, 'x-wc-webhook-signature': signature, 'x-wc-webhook-delivery-id': id } });
const done = (connector, externalId) => eventually(`${connector} ${externalId} is handled`, async () => {
  const { deliveries } = await ok('GET', `/v1/hooks/${connector}/deliveries`);
  const one = deliveries.find((delivery) => delivery.externalId.startsWith(externalId));
  return one?.state === 'HOOK_DELIVERY_STATE_DONE' && one;
}, 60);
const orderOf = async (externalId) => {
  const { orders } = await ok('GET', `/v1/orders?filter=${encodeURIComponent(`external_id = "${externalId}"`)}`);
  assert.equal(orders.length, 1);
  return orders[0];
};
const connect = async (connector) => {
  const file = path.join(suite.folder, `${connector}.key`);
  writeFileSync(file, `${gold.hmac_secret}\n`);
  const connected = await suite.cli(['hooks', 'connect', connector, 'web', '--secret-file', `webhook_secret=${file}`]);
  assert.equal(connected.code, 0, connected.stderr);
  assert.ok(!connected.stdout.includes(gold.hmac_secret));
};

test("Shopify's published order is an order, however often it comes, and is refused where one byte differs", { skip }, async () => {
  const body = read(shopifyFile);
  const expected = gold.expected[shopifyFile];
  assert.equal((await postShopify('orders/create', body, 'early')).status, 404);
  await connect('shopify');
  assert.match((await suite.cli(['hooks', 'connectors'])).stdout, /shopify +orders/);
  const refused = await postShopify('orders/create', body.replace('409.94', '409.95'), 'w0', gold.signatures[shopifyFile]);
  assert.equal(refused.status, 401);
  assert.equal(refused.body.error.details[0].reason, 'HOOK_NOT_VERIFIED');
  for (let i = 0; i < 3; ++i) {
    const answer = await postShopify('orders/create', body, 'w1', gold.signatures[shopifyFile]);
    assert.deepEqual([answer.status, answer.body], [200, {}]);
  }
  const delivery = await done('shopify', 'w1');
  const order = await orderOf(String(expected.id));
  assert.equal(delivery.subjectId, order.id);
  // What the published body says of its sums contradicts itself, which the delivery tells.
  assert.match(delivery.message, /^a new order; but .*total is said to be 409\.94/);
  assert.equal(order.currencyCode, expected.currency);
  assert.equal(order.lines.length, expected.line_items);
  assert.equal(order.totals.gross, '59700');
  assert.equal(order.totals.tax, '1194');
  assert.equal(order.customer.email, expected.email);
  assert.ok(order.tags.includes(`coupon:${expected.discount_codes[0]}`));
  const contact = await eventually('the order is linked', async () => {
    const { contactId } = await orderOf(String(expected.id));
    return contactId && ok('GET', `/v1/contacts/${contactId}`);
  });
  assert.ok(contact.identities.some((one) => one.value === expected.email));
  assert.equal((await ok('GET', '/v1/hooks/shopify/deliveries')).deliveries.length, 1);
  for (const service of ['gateway', 'orders']) assert.ok(!suite.log(service).includes('bob.norman'), `the log of ${service}`);
});

test('a refund that comes before its order waits for it; later deliveries stand, older ones change nothing', { skip }, async () => {
  const order = { ...JSON.parse(read(shopifyFile)), id: 77 };
  const refund = JSON.stringify({ id: 8, order_id: 77, created_at: '2008-01-10T18:00:00Z', refund_line_items: [], transactions: [
    { kind: 'refund', status: 'success', amount: '50.00', currency: 'USD' }] });
  assert.equal((await postShopify('refunds/create', refund, 'r1')).status, 200);
  await eventually('the refund waits', async () => {
    const { deliveries } = await ok('GET', '/v1/hooks/shopify/deliveries?state=HOOK_DELIVERY_STATE_PENDING');
    return deliveries.some((one) => one.message === 'the order 77 has not come yet');
  });
  const later = JSON.stringify({ ...order, financial_status: 'paid', updated_at: '2008-01-10T17:00:00Z' });
  assert.equal((await postShopify('orders/paid', later, 'w3')).status, 200);
  await done('shopify', 'w3');
  assert.equal((await postShopify('orders/create', JSON.stringify(order), 'w2')).status, 200);
  assert.match((await done('shopify', 'w2')).message, /^an older state of the order/);
  await done('shopify', 'r1');
  const now = await orderOf('77');
  assert.equal(now.paymentState, 'PAYMENT_STATE_PARTIALLY_REFUNDED');
  assert.equal(now.totals.refunded, '5000');
});

test("WooCommerce's ping is answered, and its published order is an order", { skip }, async () => {
  await connect('woocommerce');
  assert.equal((await suite.http('POST', '/hooks/woocommerce/web', 'webhook_id=7', { key: '', headers: {
    'content-type': 'application/x-www-form-urlencoded' } })).status, 200);
  const body = read(wooFile);
  const [expected] = gold.expected[wooFile];
  assert.equal((await postWoo('order.created', `${body} `, 'd0', gold.signatures[wooFile])).status, 401);
  for (let i = 0; i < 3; ++i) assert.equal((await postWoo('order.created', body, 'd1', gold.signatures[wooFile])).status, 200);
  assert.match((await done('woocommerce', 'd1')).message, /^a new order/);
  const order = await orderOf(String(expected.id));
  assert.equal(order.totals.total, '2935');
  assert.equal(order.totals.tax, '135');
  assert.equal(order.paymentState, 'PAYMENT_STATE_PAID');
  assert.equal(order.customer.email, expected.email);
  assert.equal((await ok('GET', '/v1/hooks/woocommerce/deliveries')).deliveries.length, 1);
});

test('what a platform demands for a person is listed for staff', { skip }, async () => {
  const body = JSON.stringify({ shop_domain: 'x.myshopify.com', customer: { id: 191167, email: 'john@example.com' } });
  assert.equal((await postShopify('customers/redact', body, 'q1')).status, 200);
  const delivery = await done('shopify', 'q1');
  assert.deepEqual([delivery.subjectId, delivery.message], ['191167', 'customers/redact: kept for staff to carry out']);
});
