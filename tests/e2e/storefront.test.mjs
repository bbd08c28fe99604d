// A storefront's day through the gateway, as foreign clients live it: Node's gRPC client, fetch and curl.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import { Suite, root } from './suite.mjs';

const googleapis = '/usr/share/gocode/src/github.com/gogo/googleapis';
let suite;
let clients;
let storefrontKey;

function load() {
  const files = ['contacts/v1/contacts', 'orders/v1/orders', 'orders/v1/catalog', 'segmentation/v1/rfm', 'gateway/v1/card'];
  const definition = protoLoader.loadSync(files.map((file) => `esnaf/${file}.proto`), {
    includeDirs: [path.join(root, 'proto'), googleapis], longs: String, enums: String, defaults: false, oneofs: true,
  });
  return grpc.loadPackageDefinition(definition).esnaf;
}

// Calls a method; answers {response, trailers}, or throws the gRPC error.
function call(client, method, request, metadata = {}) {
  const all = new grpc.Metadata();
  all.set('authorization', `Bearer ${storefrontKey}`);
  for (const [name, value] of Object.entries(metadata)) all.set(name, value);
  return new Promise((resolve, reject) => {
    let response;
    const answer = client[method](request, all, { deadline: Date.now() + 20_000 }, (error, value) => {
      if (error) reject(error);
      response = value;
    });
    answer.on('status', (status) => status.code === 0 && resolve({ response, trailers: status.metadata }));
  });
}

const order = (number, extra = {}) => ({
  storeId: 'web', externalId: number, placeTime: { seconds: String(Math.floor(Date.parse('2026-03-01T10:00:00Z') / 1000)) },
  customer: { externalId: 'M-1', email: 'ayse@example.com', emailVerified: true, displayName: 'Ayşe Yılmaz' },
  pricesIncludeTax: true, paid: true,
  lines: [
    { sku: 'A', title: 'Elbise', quantity: 2, unitPrice: { minor: 12990, currencyCode: 'TRY' } },
    { sku: 'B', title: 'Kemer', quantity: 1, unitPrice: { minor: 4950, currencyCode: 'TRY' }, discount: { minor: 950, currencyCode: 'TRY' } },
  ], ...extra,
});

before(async () => {
  suite = await Suite.start();
  await suite.createStore('web', 'TRY');
  const created = await suite.http('POST', '/v1/apiKeys',
    { displayName: 'shop', kind: 'API_KEY_KIND_STOREFRONT', scopes: ['contacts.*', 'orders.*', 'rfm.read', 'products.write', 'interactions.write'] });
  assert.equal(created.status, 200, JSON.stringify(created.body));
  storefrontKey = created.body.secret;
  const packages = load();
  const credentials = grpc.credentials.createInsecure();
  clients = {
    contacts: new packages.contacts.v1.ContactService(suite.grpcAddress, credentials),
    orders: new packages.orders.v1.OrderService(suite.grpcAddress, credentials),
    card: new packages.gateway.v1.CustomerCardService(suite.grpcAddress, credentials),
  };
});
after(() => {
  for (const client of Object.values(clients ?? {})) client.close();
  suite?.stop();
});

test('grpc-js: upsert a customer, ingest an order, read the card with esnaf-after', async () => {
  const upserted = await call(clients.contacts, 'upsertContact', {
    contact: {
      givenName: 'Ayşe', familyName: 'Yılmaz',
      identities: [
        { kind: 'IDENTITY_KIND_STORE_CUSTOMER', storeId: 'web', value: 'M-1', verified: true },
        { kind: 'IDENTITY_KIND_EMAIL', value: 'Ayse@Example.com', verified: true },
      ],
    },
  });
  const contactId = upserted.response.contact.id;
  assert.match(contactId, /^[0-9a-f-]{36}$/);
  assert.equal(upserted.response.created, true);

  const ingested = await call(clients.orders, 'ingestOrder', { order: order('1001') });
  assert.equal(ingested.response.outcome, 'INGEST_OUTCOME_CREATED');
  assert.equal(ingested.response.order.contactId, contactId, 'the order belongs to the customer');
  assert.equal(ingested.response.order.totals.net, '29980');
  const position = ingested.trailers.get('esnaf-position')[0];
  assert.match(position, /orders:[0-9a-f]+\.\d+/);

  const { response: card } = await call(clients.card, 'getCustomerCard', { contactId }, { 'esnaf-after': position });
  assert.equal(card.contact.displayName, 'Ayşe Yılmaz');
  assert.equal(card.orderSummary.currencies[0].net, '29980');
  assert.equal(card.recentOrders[0].externalId, '1001');
  assert.ok(card.timeline.some((entry) => entry.kind === 'TIMELINE_KIND_ORDER'), 'the order is on the timeline');
  assert.equal(card.unreachable?.length ?? 0, 0);
});

test('the same order again changes nothing; an older one is stale; a newer one replaces it', async () => {
  const again = await call(clients.orders, 'ingestOrder', { order: order('1001') });
  assert.equal(again.response.outcome, 'INGEST_OUTCOME_UNCHANGED');
  const newer = await call(clients.orders, 'ingestOrder',
    { order: order('1001', { sourceVersion: 7, lines: [{ sku: 'A', title: 'Elbise', quantity: 1, unitPrice: { minor: 12990, currencyCode: 'TRY' } }] }) });
  assert.equal(newer.response.outcome, 'INGEST_OUTCOME_UPDATED');
  assert.equal(newer.response.order.totals.net, '12990');
  const older = await call(clients.orders, 'ingestOrder', { order: order('1001', { sourceVersion: 3 }) });
  assert.equal(older.response.outcome, 'INGEST_OUTCOME_STALE');
});

test('an error names the field over gRPC and over HTTP', async () => {
  await assert.rejects(call(clients.orders, 'ingestOrder', { order: order('1002', { lines: [] }) }),
    (error) => error.code === grpc.status.INVALID_ARGUMENT && /lines/.test(error.details));
  const bad = await suite.http('POST', '/v1/orders:ingest', { order: { storeId: 'web', externalId: 'x', colour: 'red' } });
  assert.equal(bad.status, 400);
  assert.match(JSON.stringify(bad.body), /colour/);
  const missing = await suite.http('GET', '/v1/orders/00000000-0000-7000-8000-000000000000');
  assert.equal(missing.status, 404);
});

test('curl: the day over HTTP, with an idempotency key', () => {
  const curl = (...args) => JSON.parse(execFileSync('curl', ['-sS', '--fail-with-body', '-H', `Authorization: Bearer ${storefrontKey}`,
    '-H', 'Content-Type: application/json', ...args], { encoding: 'utf8' }));
  const body = JSON.stringify({ contact: { givenName: 'İrem', familyName: 'Işık', identities: [{ kind: 'IDENTITY_KIND_PHONE', value: '0532 111 22 33', verified: true }] } });
  const first = curl('-H', 'Idempotency-Key: day-1', '-d', body, `${suite.url}/v1/contacts:upsert`);
  const second = curl('-H', 'Idempotency-Key: day-1', '-d', body, `${suite.url}/v1/contacts:upsert`);
  assert.deepEqual(second, first, 'the same key replays the first answer');
  assert.equal(first.contact.identities[0].value, '+905321112233');
  const found = curl(`${suite.url}/v1/contacts:search?query=${encodeURIComponent('irem isik')}`);
  assert.equal(found.contacts[0].id, first.contact.id);
  const ingested = curl('-d', JSON.stringify({ order: { storeId: 'web', externalId: 'H-1', placeTime: '2026-03-02T09:00:00Z', customer: { phone: '+905321112233', phoneVerified: true },
    lines: [{ sku: 'C', title: 'Atkı', quantity: '1', unitPrice: { minor: '19900', currencyCode: 'TRY' } }] } }), `${suite.url}/v1/orders:ingest`);
  assert.equal(ingested.order.contactId, first.contact.id);
  const refunded = curl('-d', JSON.stringify({ refund: { amount: { minor: '5000', currencyCode: 'TRY' }, reason: 'damaged' } }), `${suite.url}/v1/orders/${ingested.order.id}:refund`);
  assert.equal(refunded.totals.net, '14900');
  const card = curl(`${suite.url}/v1/contacts/${first.contact.id}/card`);
  assert.equal(card.orderSummary.currencies[0].net, '14900');
});

test('merge and unmerge: the order follows the person and comes back', async () => {
  const make = async (value) => (await suite.http('POST', '/v1/contacts', { givenName: value, identities: [{ kind: 'IDENTITY_KIND_STORE_CUSTOMER', storeId: 'web', value, verified: true }] })).body.id;
  const a = await make('merge-a');
  const b = await make('merge-b');
  const sold = await suite.http('POST', '/v1/orders:ingest', { order: { storeId: 'web', externalId: 'MB-1', placeTime: '2026-03-03T09:00:00Z', customer: { externalId: 'merge-b' },
    lines: [{ sku: 'D', title: 'Bot', quantity: '1', unitPrice: { minor: '90000', currencyCode: 'TRY' } }] } });
  assert.equal(sold.body.order.contactId, b);
  const merged = await suite.http('POST', `/v1/contacts/${a}:merge`, { otherContactId: b });
  assert.equal(merged.status, 200, JSON.stringify(merged.body));
  const after = { 'esnaf-after': merged.headers.get('esnaf-position') };
  const card = await suite.http('GET', `/v1/contacts/${a}/card`, undefined, { headers: after });
  assert.equal(card.body.orderSummary.currencies[0].net, '90000');
  assert.equal((await suite.http('GET', `/v1/contacts/${b}`)).body.id, a, 'the old id keeps resolving');
  const unmerged = await suite.http('POST', `/v1/contacts/${b}:unmerge`, {});
  assert.equal(unmerged.status, 200, JSON.stringify(unmerged.body));
  const back = { 'esnaf-after': unmerged.headers.get('esnaf-position') };
  const alone = await suite.http('GET', `/v1/contacts/${a}/card`, undefined, { headers: back });
  assert.equal(alone.body.orderSummary?.currencies?.length ?? 0, 0);
  const own = await suite.http('GET', `/v1/contacts/${b}/card`, undefined, { headers: back });
  assert.equal(own.body.orderSummary.currencies[0].net, '90000');
});

test('openapi.json, docs, healthz and metrics answer', async () => {
  const openapi = await suite.http('GET', '/openapi.json', undefined, { key: '' });
  assert.equal(openapi.status, 200);
  for (const route of ['/v1/contacts', '/v1/contacts/{id}', '/v1/contacts:upsert', '/v1/orders:ingest', '/v1/orders:batchIngest', '/v1/rfm/summary', '/v1/apiKeys']) {
    assert.ok(openapi.body.paths[route], `${route} is in the contract`);
  }
  assert.match((await suite.http('GET', '/docs', undefined, { key: '' })).body, /<html/i);
  assert.equal((await suite.http('GET', '/healthz', undefined, { key: '' })).status, 200);
  assert.match((await suite.http('GET', '/metrics', undefined, { key: '' })).body, /esnaf_/);
});

test('no key, a wrong key and a key without the scope are refused', async () => {
  assert.equal((await suite.http('GET', '/v1/contacts', undefined, { key: '' })).status, 401);
  assert.equal((await suite.http('GET', '/v1/contacts', undefined, { key: 'esk_wrong' })).status, 401);
  const refused = await suite.http('POST', '/v1/stores', { id: 'other', currencyCode: 'TRY' }, { key: storefrontKey });
  assert.equal(refused.status, 403);
  assert.match(JSON.stringify(refused.body), /SCOPE_MISSING|AUDIENCE_TOO_LOW/);
});
