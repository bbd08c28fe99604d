// The clients that shops are given, as a shop uses them: the TypeScript package over HTTP and gRPC, and the examples in PHP and Python.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import grpc from '@grpc/grpc-js';
import { ClientPackage } from './client_package.mjs';
import { Suite, root } from './suite.mjs';

let suite;
let made;
let client;
let grpcClient;
let key;
const closing = [];

before(async () => {
  suite = await Suite.start();
  await suite.createStore('web', 'TRY');
  key = await makeKey({ kind: 'API_KEY_KIND_STOREFRONT', scopes: ['contacts.*', 'orders.*', 'rfm.read', 'products.write'] });
  made = new ClientPackage();
  client = await made.load('index.js');
  grpcClient = await made.load('grpc.js');
});
after(async () => {
  for (const close of closing) await close();
  suite?.stop();
  made?.remove();
});

async function makeKey(fields) {
  const created = await suite.http('POST', '/v1/apiKeys', { displayName: 'shop', ...fields });
  assert.equal(created.status, 200, JSON.stringify(created.body));
  return created.body.secret;
}

const overHttp = (options = {}) => client.createClient({ url: suite.url, key, ...options });
function overGrpc(options = {}) {
  const made = grpcClient.createGrpcClient({ address: suite.grpcAddress, credentials: grpc.credentials.createInsecure(), key, ...options });
  closing.push(() => made.close());
  return made;
}

function run(command, args, env) {
  return new Promise((resolve, reject) => {
    execFile(command, args, { env: { ...process.env, ESNAF_KEY: key, ESNAF_STORE: 'web', PYTHONDONTWRITEBYTECODE: '1', ...env }, timeout: 60_000 },
      (error, stdout, stderr) => {
        if (error) return reject(new Error(`${command} ${args.join(' ')}: ${error.message} ${stdout} ${stderr}`));
        resolve(JSON.parse(stdout));
      });
  });
}

const listening = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));

// What stands between a shop and the gateway on a bad day: of the first call that writes the answer is lost, then it says 503 in its own
// words, then 429; then all is well. Keeps what the calls carried.
async function badDay() {
  const seen = [];
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part)).on('end', async () => {
      const writes = request.method === 'POST';
      if (writes) seen.push({ key: request.headers['idempotency-key'], body: Buffer.concat(parts).toString() });
      if (writes && seen.length === 2) return response.writeHead(503, { 'content-type': 'text/html' }).end('<h1>away</h1>');
      if (writes && seen.length === 3) return response.writeHead(429, { 'retry-after': '1' }).end('slow down');
      const { host, connection, 'content-length': length, ...headers } = request.headers;
      const answer = await fetch(suite.url + request.url, { method: request.method, headers, body: writes ? Buffer.concat(parts) : undefined });
      const body = Buffer.from(await answer.arrayBuffer());
      if (writes && seen.length === 1) return request.socket.destroy();
      const position = answer.headers.get('esnaf-position');
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type'), ...(position ? { 'esnaf-position': position } : {}) }).end(body);
    });
  });
  const port = await listening(server);
  closing.push(() => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }));
  return { url: `http://127.0.0.1:${port}`, seen };
}

// The order was written once, by the first of four deliveries with one key, and the last was answered as if it were the first.
function checkBadDay({ seen }, started) {
  const first = seen.slice(0, 4);
  assert.equal(new Set(first.map((one) => one.key)).size, 1);
  assert.equal(new Set(first.map((one) => one.body)).size, 1);
  assert.ok(first[0].key.length >= 8);
  assert.notEqual(seen.at(-1).key, first[0].key, 'another call has another key');
  assert.ok(Date.now() - started >= 1000, 'Retry-After was kept');
}

test('the types and methods are those of the contracts, and a file that is not is named', () => {
  assert.match(made.generate('--check'), /are of today's contracts/);
  const stale = path.join(made.copy, 'src/generated/orders.ts');
  appendFileSync(stale, '// by hand\n');
  assert.throws(() => made.generate('--check'), (error) => /src\/generated\/orders\.ts/.test(error.stderr));
  made.generate();
  assert.match(made.generate('--check'), /are of today's contracts/);
});

test('the examples compile against the package as it is installed, and what the types refuse does not', () => {
  made.compile(made.shop, ['--noEmit', '-p', '.']);
  const wrong = path.join(made.shop, 'wrong.ts');
  writeFileSync(wrong, "import { createClient } from '@esnaf/client';\nvoid createClient({ url: '', key: '' }).order.getOrder({ number: '1' });\n");
  assert.throws(() => made.compile(made.shop, ['--noEmit', '-p', '.']), /'number' does not exist/);
  writeFileSync(wrong, 'export {};\n');
  made.compile(made.shop, ['-p', '.']);
});

test('TypeScript over fetch: from an order to the card, through an answer that is lost, a 503 and a 429', async () => {
  const day = await badDay();
  const started = Date.now();
  const told = await run(process.execPath, [path.join(made.shop, 'storefront.js')], { ESNAF_URL: day.url });
  checkBadDay(day, started);
  assert.equal(told.outcome, 'INGEST_OUTCOME_CREATED');
  assert.equal(told.contact, 'Ayşe Yılmaz');
  assert.equal(told.net, '₺259,80');
  assert.equal(told.order.externalId, 'ts-http');
  assert.deepEqual(told.refused, { status: 'INVALID_ARGUMENT', fields: ['order.place_time', 'order.lines'] });
});

test('TypeScript over gRPC in Node: the same, and the same answers', async () => {
  const told = await run(process.execPath, [path.join(made.shop, 'storefront.js'), 'grpc'], { ESNAF_ADDRESS: suite.grpcAddress });
  assert.equal(told.outcome, 'INGEST_OUTCOME_CREATED');
  assert.equal(told.net, '₺519,60');
  assert.equal(told.order.externalId, 'ts-grpc');
  assert.deepEqual(told.refused, { status: 'INVALID_ARGUMENT', fields: ['order.place_time', 'order.lines'] });
  const contactId = told.card.contact.id;
  const cards = await Promise.all([overGrpc(), overHttp()].map((esnaf) => esnaf.customerCard.getCustomerCard({ contactId })));
  // Each is of its own moment.
  for (const card of cards) delete card.value.definition.asOfTime;
  assert.deepEqual(cards[0], cards[1]);
});

test('Python and PHP by their standard libraries: the same way through the same bad day', async () => {
  for (const [command, script, net] of [['python3', 'python/storefront.py', '779.40'], ['php', 'php/storefront.php', '1039.20']]) {
    const day = await badDay();
    const started = Date.now();
    const told = await run(command, [path.join(root, 'clients', script)], { ESNAF_URL: day.url });
    checkBadDay(day, started);
    assert.deepEqual(told, { outcome: 'INGEST_OUTCOME_CREATED', replayed: true, contact: 'Ayşe Yılmaz', net, seen: true,
      refused: { status: 'INVALID_ARGUMENT', fields: ['order.place_time', 'order.lines'] } });
  }
  const { body } = await suite.http('GET', '/v1/orders?storeId=web');
  assert.deepEqual(body.orders.map((order) => order.externalId).sort(), ['php-1', 'py-1', 'ts-grpc', 'ts-http'], 'each once');
});

test('JSON and gRPC say the same: times, masks, maps, large numbers, errors within an answer', async () => {
  const [one, other] = [overHttp(), overGrpc()];
  const admin = overHttp({ key: suite.adminKey });
  await admin.customField.createCustomField({ customField: { key: 'budget', displayName: 'Budget', type: 'CUSTOM_FIELD_TYPE_MONEY' } });
  const customFields = (minor) => ({ budget: { money: client.money(minor, 'TRY') } });
  const contact = await other.contact.createContact({ contact: { givenName: 'Ece', customFields: customFields(9007199254740993n) } });
  assert.equal(contact.customFields.budget.money.minor, '9007199254740993', 'a number that JavaScript would round');
  assert.deepEqual(await one.contact.getContact({ id: contact.id }), contact);
  for (const [esnaf, displayName] of [[one, 'Ece Bir'], [other, 'Ece İki']]) {
    const changed = await esnaf.contact.updateContact({ contact: { id: contact.id, displayName, givenName: 'ignored' }, updateMask: 'displayName' });
    assert.deepEqual([changed.displayName, changed.givenName], [displayName, 'Ece']);
  }
  const order = (externalId, more) => ({ storeId: 'web', externalId, lines: [{ sku: 'A', quantity: 1n, unitPrice: client.money(100n, 'TRY') }],
    placeTime: '2026-03-05T10:00:00.123456+03:00', ...more });
  const batch = { orders: [order('b-1'), order('b-2', { lines: [] })] };
  const results = await Promise.all([one, other].map(async (esnaf) => (await esnaf.order.batchIngestOrders(batch)).results[1]));
  // Details have no order.
  for (const { error } of results) error.details.sort((a, b) => (a['@type'] < b['@type'] ? -1 : 1));
  assert.deepEqual(results[0], results[1]);
  assert.match(JSON.stringify(results[0]), /lines/);
  const lists = await Promise.all([one, other].map((esnaf) => esnaf.order.listOrders({ storeId: 'web', orderBy: 'place_time', pageSize: 100 })));
  assert.deepEqual(lists[0], lists[1]);
  assert.equal(lists[0].orders.find(({ externalId }) => externalId === 'b-1').placeTime, '2026-03-05T07:00:00.123456Z');
});

test('streams: server-sent events and gRPC bring the same, and end where the reader goes', async () => {
  for (const esnaf of [overHttp({ key: suite.adminKey }), overGrpc({ key: suite.adminKey })]) {
    let first;
    for await (const queue of esnaf.supportReport.watchSupportQueue({})) {
      first = queue;
      break;
    }
    assert.equal(typeof first, 'object');
    const stop = new AbortController();
    await assert.rejects(async () => {
      for await (const queue of esnaf.supportReport.watchSupportQueue({}, { signal: stop.signal })) stop.abort(queue);
    }, (error) => error instanceof client.EsnafError && error.status === 'CANCELLED');
    await assert.rejects(async () => {
      for await (const change of esnaf.segment.watchSegment({ segmentId: '01a2060e-0000-7000-8000-000000000000' })) assert.fail(JSON.stringify(change));
    }, { name: 'EsnafError', status: 'NOT_FOUND' });
  }
  const orders = function* () {
    for (let i = 0; i < 20; ++i) {
      yield { orders: [{ storeId: 'web', externalId: `s-${i}`, placeTime: '2026-03-06T10:00:00Z', lines: [{ sku: 'A', quantity: 1n, unitPrice: client.money(100n, 'TRY') }] }] };
    }
  };
  assert.equal((await overGrpc().order.streamIngestOrders(orders())).createdCount, '20');
  await assert.rejects(overHttp().order.streamIngestOrders(orders()), { name: 'EsnafError', status: 'UNIMPLEMENTED' });
});

test('errors are typed alike over HTTP and gRPC', async () => {
  const order = (title) => ({ order: { storeId: 'web', externalId: 'k-1', placeTime: '2026-03-07T10:00:00Z', lines: [{ title, sku: 'A', quantity: 1n, unitPrice: client.money(100n, 'TRY') }] } });
  for (const esnaf of [overHttp(), overGrpc()]) {
    const fails = (call) => call.then(() => assert.fail('it was taken'), (error) => error);
    const missing = await fails(esnaf.order.getOrder({ id: '00000000-0000-7000-8000-000000000000' }));
    assert.ok(missing instanceof client.EsnafError);
    assert.equal(missing.status, 'NOT_FOUND');
    assert.match(missing.requestId, /^[0-9a-f-]{36}$/);
    const idempotencyKey = client.newIdempotencyKey();
    const first = await esnaf.order.ingestOrder(order('one'), { idempotencyKey });
    assert.deepEqual(await esnaf.order.ingestOrder(order('one'), { idempotencyKey }), first);
    const reused = await fails(esnaf.order.ingestOrder(order('two'), { idempotencyKey }));
    assert.deepEqual([reused.status, reused.reason], ['INVALID_ARGUMENT', 'IDEMPOTENCY_KEY_REUSED']);
    const refused = await fails(esnaf.apiKey.listApiKeys({}));
    assert.deepEqual([refused.status, refused.reason], ['PERMISSION_DENIED', 'AUDIENCE_TOO_LOW']);
    const late = await fails(esnaf.order.listOrders({}, { after: 'segmentation:0.1', timeoutMs: 1 }));
    assert.ok(['DEADLINE_EXCEEDED', 'INVALID_ARGUMENT'].includes(late.status), late.status);
  }
});

test('a rate is kept: over HTTP and gRPC calls wait as long as they are told, and fail at once where nobody may wait', async () => {
  const slow = await makeKey({ kind: 'API_KEY_KIND_STOREFRONT', scopes: ['orders.read'], ratePerSecond: 1 });
  for (const make of [overHttp, overGrpc]) {
    const esnaf = make({ key: slow, retries: 10 });
    const started = Date.now();
    for (let i = 0; i < 3; ++i) await esnaf.order.listOrders({});
    assert.ok(Date.now() - started >= 1000, `${Date.now() - started} ms`);
    const impatient = make({ key: slow, retries: 0 });
    const refused = await Promise.allSettled([1, 2, 3].map(() => impatient.order.listOrders({})));
    const { reason } = refused.find(({ status }) => status === 'rejected');
    assert.deepEqual([reason.status, reason.reason], ['RESOURCE_EXHAUSTED', 'RATE_LIMIT_EXCEEDED']);
    assert.ok(reason.retryAfterMs > 0);
  }
});

test('gRPC: a connection that is cut while a call is under way is made anew, and the order is written once', async () => {
  let cut = false;
  const server = net.createServer((socket) => {
    const upstream = net.connect(suite.base, '127.0.0.1');
    const end = () => { socket.destroy(); upstream.destroy(); };
    socket.on('data', (bytes) => upstream.write(bytes)).on('close', end).on('error', end);
    upstream.on('data', (bytes) => {
      if (!cut) return socket.write(bytes);
      cut = false;
      end();
    }).on('close', end).on('error', end);
  });
  const port = await listening(server);
  closing.push(() => server.close());
  const esnaf = overGrpc({ address: `127.0.0.1:${port}` });
  await esnaf.order.listOrders({});
  cut = true;
  const { outcome } = await esnaf.order.ingestOrder({ order: { storeId: 'web', externalId: 'cut-1', placeTime: '2026-03-08T10:00:00Z', lines: [{ sku: 'A', quantity: 1n, unitPrice: client.money(100n, 'TRY') }] } });
  assert.equal(cut, false, 'the connection was cut');
  assert.equal(outcome, 'INGEST_OUTCOME_CREATED');
});

test('what the gateway does not answer twice is not asked twice', async () => {
  let calls = 0;
  const esnaf = overHttp({ fetch: () => { ++calls; return Promise.reject(new TypeError('cut')); } });
  await assert.rejects(esnaf.apiKey.createApiKey({ apiKey: { displayName: 'x' } }), { status: 'UNAVAILABLE' });
  assert.equal(calls, 1);
  await assert.rejects(esnaf.order.getOrder({ id: '1' }), { status: 'UNAVAILABLE' });
  assert.equal(calls, 1 + 4);
  assert.throws(() => overHttp({ key: 'esk_a\nesk_b' }), { status: 'INVALID_ARGUMENT' });
});

test('money is exact, and positions keep the latest of each source', () => {
  const { addMoney, formatMoney, mergePositions, money, parseMoney, toDecimal } = client;
  assert.deepEqual(parseMoney('90071992547409.93', 'TRY'), { minor: '9007199254740993', currencyCode: 'TRY' });
  for (const [decimal, code] of [['-0.05', 'TRY'], ['12', 'JPY'], ['1.234', 'KWD'], ['0.0001', 'CLF'], ['90071992547409.93', 'EUR']]) {
    assert.equal(toDecimal(parseMoney(decimal, code)), decimal);
  }
  assert.equal(formatMoney(money(9007199254740993n, 'TRY'), 'tr-TR'), '₺90.071.992.547.409,93');
  for (const wrong of ['1.001', '1e3', '1,5', '', '.5', '92233720368547758.08']) assert.throws(() => parseMoney(wrong, 'TRY'), RangeError, wrong);
  assert.equal(addMoney(money(1n, 'TRY'), money(2n, 'TRY')).minor, '3');
  assert.throws(() => addMoney(money(1n, 'TRY'), money(2n, 'EUR')), /do not add up/);
  assert.equal(mergePositions('orders:a.9,contacts:b.1', 'orders:a.10'), 'orders:a.10,contacts:b.1');
  assert.equal(mergePositions('orders:a.10', 'orders:a.9'), 'orders:a.10');
  assert.equal(mergePositions('orders:a.10', 'orders:z.1'), 'orders:z.1', 'another epoch is another copy of the data');
});
