// A real order history (UCI Online Retail) through the gateway: imported, imported again, broken off and resumed, under crashes;
// its totals are the published ones. And the RFM scores of a published set.
import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { createGunzip } from 'node:zlib';
import { Suite, data, eventually, hasData, skipWithoutData, sleep } from './suite.mjs';

let suite;
before(async () => {
  if (hasData) suite = await Suite.start();
  else console.log(skipWithoutData);
});
after(() => suite?.stop());

const csv = (file) => readFileSync(path.join(data, file), 'utf8').trim().split(/\r?\n/).slice(1);

// The cells of a line of CSV, quotes removed.
const cells = (line) => [...line.matchAll(/(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/g)].map((m) => m[1] ?? m[2]);

const importUci = (store) => ['orders', 'import', path.join(data, 'orders/online_retail_lines.csv.gz'), '--join', path.join(data, 'orders/online_retail_orders.csv.gz'),
  '--store', store, '--map', 'order=InvoiceNo,placed_at=InvoiceDate,customer=CustomerID,country=Country,sku=StockCode,quantity=Quantity,unit_price=UnitPrice',
  '--cancellation-prefix', 'C'];

// All orders of a store as the API has them, by external id.
async function ordersOf(store) {
  const orders = new Map();
  let token = '';
  do {
    const page = await suite.http('GET', `/v1/orders?storeId=${store}&pageSize=500&orderBy=create_time&pageToken=${encodeURIComponent(token)}`);
    assert.equal(page.status, 200, JSON.stringify(page.body));
    for (const order of page.body.orders ?? []) {
      orders.set(order.externalId, { kind: order.kind, gross: Number(order.totals.gross ?? 0), net: Number(order.totals.net ?? 0), lines: order.lines.length,
        customer: order.customer?.externalId ?? '', contact: order.contactId, etag: order.etag, time: order.placeTime });
    }
    token = page.body.nextPageToken;
  } while (token);
  return orders;
}

// What the file says: for each invoice the sum of the rounded line amounts, as the importer must have it. Independent of it:
// rows are read here line by line, invoices that the rules refuse are left out.
async function expectedOrders() {
  const lines = createInterface({ input: createReadStream(path.join(data, 'orders/online_retail_lines.csv.gz')).pipe(createGunzip()) });
  const invoices = new Map();
  let header = true;
  for await (const line of lines) {
    if (header) { header = false; continue; }
    const [invoice, , quantity, price] = cells(line);
    const entry = invoices.get(invoice) ?? { minor: 0, lines: 0, refused: false, negative: 0 };
    if (Number(price) < 0 || !Number.isInteger(Number(quantity)) || Number(quantity) === 0) entry.refused = true;
    entry.minor += Math.round(Math.abs(Number(quantity)) * Number(price) * 100 + 1e-7);
    entry.lines += 1;
    if (Number(quantity) < 0) entry.negative += 1;
    invoices.set(invoice, entry);
  }
  for (const [invoice, entry] of invoices) {
    if (entry.refused || (entry.negative !== 0 && entry.negative !== entry.lines)) invoices.delete(invoice);
  }
  return invoices;
}

// Computes until segmentation has consumed every order that counts, so that later events change nothing any more.
async function computeWhenAllIsThere(policy, asOfTime, people, orders) {
  await eventually(`${policy} counts ${people} people and ${orders} orders`, async () => {
    const computed = await suite.http('POST', `/v1/rfm/policies/${policy}:compute`, { asOfTime });
    assert.equal(computed.status, 200, JSON.stringify(computed.body));
    const summary = await suite.http('GET', `/v1/rfm/summary?policyId=${policy}`);
    const counted = summary.body.labels.reduce((sum, label) => sum + Number(label.orderCount), 0);
    return Number(computed.body.scoredCount) === people && counted === orders;
  }, 120);
}

test('the history is imported under crashes of every process, and nothing is lost or counted twice', { skip: skipWithoutData, timeout: 900_000 }, async () => {
  await suite.createStore('uk', 'GBP', 'Europe/London');
  const importing = suite.spawnCli([...importUci('uk'), '--patience', '120']);
  let output = '';
  importing.stdout.on('data', (chunk) => { output += chunk; });
  importing.stderr.on('data', (chunk) => { output += chunk; });
  const ended = new Promise((resolve) => importing.on('exit', (code) => resolve(code)));
  // A crash every few seconds while it runs.
  let over = false;
  ended.then(() => { over = true; });
  const killed = [];
  for (const name of ['orders', 'contacts', 'postgres', 'gateway', 'segmentation']) {
    await sleep(2500);
    if (over) break;
    suite.kill(name);
    killed.push(name);
  }
  const code = await ended;
  assert.ok(code === 0 || code === 6, `the import ends well (${code}): ${output}`);
  assert.ok(killed.length >= 2, `crashes fell into the import: ${killed.join(', ')}`);
  await eventually('the suite is whole again', async () => {
    try {
      return (await suite.http('GET', '/healthz')).status === 200;
    } catch {
      return false;
    }
  }, 60);

  const expected = await expectedOrders();
  const orders = await ordersOf('uk');
  assert.equal(orders.size, expected.size, `every invoice is there once; the import said: ${output}`);
  for (const [invoice, want] of expected) {
    const order = orders.get(invoice);
    assert.ok(order, `invoice ${invoice} is there`);
    assert.equal(order.gross, want.minor, `gross of ${invoice}`);
    assert.equal(order.lines, want.lines, `lines of ${invoice}`);
  }
});

test('imported again it changes nothing', { skip: skipWithoutData, timeout: 600_000 }, async () => {
  const before = await ordersOf('uk');
  const again = await suite.cli(importUci('uk'));
  assert.ok(again.code === 0 || again.code === 6, again.stderr);
  assert.match(again.stdout, / 0 new orders, 0 updated/);
  assert.deepEqual(await ordersOf('uk'), before, 'not even an etag moved');
});

test('totals per customer are the published ones, to the penny', { skip: skipWithoutData, timeout: 600_000 }, async () => {
  // Published: invoices not starting with C, customer known, quantity and price above zero.
  const totals = new Map();
  const orders = await ordersOf('uk');
  for (const order of orders.values()) {
    if (order.kind !== 'ORDER_KIND_SALE' || order.customer === '' || order.gross === 0) continue;
    const entry = totals.get(order.customer) ?? { frequency: 0, monetary: 0, last: '' };
    entry.frequency += 1;
    entry.monetary += order.gross;
    if (order.time > entry.last) entry.last = order.time;
    totals.set(order.customer, entry);
  }
  const differences = [];
  const published = csv('orders/expected_rfm_2011-12-10.csv').map(cells);
  for (const [customer, recency, frequency, monetary] of published) {
    const entry = totals.get(customer);
    const days = entry ? Math.round((Date.parse('2011-12-10') - Date.parse(entry.last.slice(0, 10))) / 86400000) : NaN;
    if (!entry || entry.frequency !== Number(frequency) || entry.monetary !== Math.round(Number(monetary) * 100) || days !== Number(recency)) {
      differences.push(`${customer}: have ${JSON.stringify(entry)}, published ${recency} ${frequency} ${monetary}`);
    }
  }
  assert.deepEqual(differences, []);
  assert.equal(totals.size, published.length, 'no customer beyond the published ones');
});

test('RFM of the history equals the published values per customer', { skip: skipWithoutData, timeout: 600_000 }, async () => {
  const policy = await suite.http('POST', '/v1/rfm/policies', { id: 'uk', displayName: 'UK', storeId: 'uk', currencyCode: 'GBP', timeZone: 'Europe/London', valueBasis: 'RFM_VALUE_BASIS_GROSS' });
  assert.equal(policy.status, 200, JSON.stringify(policy.body));
  await computeWhenAllIsThere('uk', '2011-12-10T12:00:00Z', 4338, 18532);
  const byContact = new Map();
  let token = '';
  do {
    const page = await suite.http('GET', `/v1/rfm/scores?policyId=uk&pageSize=1000&pageToken=${encodeURIComponent(token)}`);
    assert.equal(page.status, 200, JSON.stringify(page.body));
    for (const score of page.body.scores) byContact.set(score.contactId, score);
    token = page.body.nextPageToken;
  } while (token);
  const contactOf = new Map();
  for (const order of (await ordersOf('uk')).values()) if (order.customer) contactOf.set(order.customer, order.contact);
  const differences = [];
  for (const [customer, recency, frequency, monetary] of csv('orders/expected_rfm_2011-12-10.csv').map(cells)) {
    const score = byContact.get(contactOf.get(customer));
    if (!score || score.recencyDays !== Number(recency) || score.frequency !== Number(frequency) || Number(score.monetaryMinor) !== Math.round(Number(monetary) * 100)) {
      differences.push(`${customer}: ${JSON.stringify(score)} against ${recency} ${frequency} ${monetary}`);
    }
  }
  assert.deepEqual(differences.slice(0, 5), []);
});

test('an import killed in the middle and resumed ends the same', { skip: skipWithoutData, timeout: 600_000 }, async () => {
  await suite.createStore('uk2', 'GBP', 'Europe/London');
  const first = suite.spawnCli(importUci('uk2'));
  const gone = new Promise((resolve) => first.on('exit', resolve));
  await eventually('some orders are in', async () => ((await suite.http('GET', '/v1/orders?storeId=uk2&pageSize=1')).body.orders ?? []).length > 0, 60);
  await sleep(1500);
  first.kill('SIGKILL');
  await gone;
  const resumed = await suite.cli(importUci('uk2'));
  assert.ok(resumed.code === 0 || resumed.code === 6, resumed.stderr);
  assert.match(resumed.stderr, /going on behind order [1-9]/);
  const [whole, second] = [await ordersOf('uk'), await ordersOf('uk2')];
  const facts = (orders) => [...orders].map(([number, { kind, gross, net, lines, customer, time }]) => ({ number, kind, gross, net, lines, customer, time })).sort((a, b) => (a.number < b.number ? -1 : 1));
  assert.deepEqual(facts(second), facts(whole));
});

test('RFM scores of the published set are exactly the published ones', { skip: skipWithoutData, timeout: 300_000 }, async () => {
  await suite.createStore('rfm', 'USD', 'UTC');
  const file = path.join(suite.folder, 'rfm.csv');
  const rows = csv('rfm/rfm_data_orders.csv').map((line, i) => {
    const [customer, date, revenue] = cells(line);
    return `R${i},${date},"${customer}",S,1,${revenue}`;
  });
  writeFileSync(file, `order,placed_at,customer,sku,quantity,unit_price\n${rows.join('\n')}\n`);
  const imported = await suite.cli(['orders', 'import', file, '--store', 'rfm']);
  assert.equal(imported.code, 0, imported.stderr);
  const policy = await suite.http('POST', '/v1/rfm/policies', { id: 'published', storeId: 'rfm', currencyCode: 'USD', timeZone: 'UTC', method: 'RFM_METHOD_QUANTILE', valueBasis: 'RFM_VALUE_BASIS_GROSS' });
  assert.equal(policy.status, 200, JSON.stringify(policy.body));
  await computeWhenAllIsThere('published', '2006-12-31T12:00:00Z', 995, 4906);
  const page = await suite.http('GET', '/v1/rfm/scores?policyId=published&pageSize=1000');
  const contacts = new Map();
  for (const order of (await ordersOf('rfm')).values()) contacts.set(order.customer, order.contact);
  const byContact = new Map(page.body.scores.map((score) => [score.contactId, score]));
  const differences = [];
  for (const [customer, recency, count, amount, r, f, m] of csv('rfm/expected_rfm_scores.csv').map(cells)) {
    const score = byContact.get(contacts.get(customer));
    const have = score && [score.recencyDays, score.frequency, Number(score.monetaryMinor) / 100, score.recencyScore, score.frequencyScore, score.monetaryScore].join(' ');
    const want = [recency, count, amount, r, f, m].map(Number).join(' ');
    if (have !== want) differences.push(`${customer}: have ${have}, published ${want}`);
  }
  assert.deepEqual(differences, []);
});
