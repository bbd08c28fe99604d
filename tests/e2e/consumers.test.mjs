// Consumers that stand still: what an operator is shown, and how it is mended without SQL.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Suite, eventually, root } from './suite.mjs';

// Who consumes orders.
const services = ['attribution', 'contacts', 'segmentation'];

let suite;
before(async () => {
  suite = await Suite.start();
  await suite.createStore('tr', 'TRY');
});
after(() => suite?.stop());

// Breaks the data of orders, as its own role.
function sql(text) {
  const connection = readFileSync(path.join(suite.data, 'secrets', 'orders.database'), 'utf8').trim();
  const env = Object.fromEntries([...connection.matchAll(/(\w+)=(?:'([^']*)'|(\S+))/g)].map((m) => [m[1], m[2] ?? m[3]]));
  const answer = spawnSync('psql', ['-X', '-At', '-v', 'ON_ERROR_STOP=1', '-c', text], { encoding: 'utf8',
    env: { ...process.env, PGHOST: env.host, PGDATABASE: env.dbname, PGUSER: env.user, PGPASSWORD: env.password } });
  assert.equal(answer.status, 0, answer.stderr);
}

const health = async () => (await suite.http('GET', '/healthz', undefined, { key: '' })).body;
const consumers = async () => (await suite.http('GET', '/v1/consumers')).body.consumers;
// Nothing while the suite comes up again, when connections from before are gone.
const stopped = async () => (await consumers().catch(() => [])).filter((consumer) => consumer.stop);

async function sell(number) {
  const sold = await suite.http('POST', '/v1/orders:ingest', { order: { storeId: 'tr', externalId: number, placeTime: '2026-03-01T10:00:00Z', paid: true,
    customer: { externalId: 'A-1' }, lines: [{ sku: 'A', title: 'Elbise', quantity: '1', unitPrice: { minor: '100', currencyCode: 'TRY' } }] } });
  assert.equal(sold.status, 200, JSON.stringify(sold.body));
  return sold;
}

async function timelineShows(number) {
  const sold = await sell(number);
  const { body } = await suite.http('GET', `/v1/contacts/${sold.body.order.contactId}/timeline`, undefined,
    { headers: { 'esnaf-after': sold.headers.get('esnaf-position') } });
  assert.ok(body.entries.some((entry) => entry.summary.includes(number)), JSON.stringify(body));
}

test('a poison event is shown with its service, source, id and reason, and skipped by its id alone', async () => {
  await sell('before');
  assert.equal((await health()).status, 'ok');
  const poison = randomUUID();
  sql(`INSERT INTO orders.outbox (event_id, aggregate_type, aggregate_id, aggregate_version, type, payload, happen_time)
       VALUES ('${poison}', 'order', '${randomUUID()}', 1, 'esnaf.orders.v1.OrderChanged', '\\xff', now())`);
  const page = await eventually('all consumers of orders stand still', async () => {
    const now = await health();
    return now.stoppedConsumers.length === services.length && now;
  });
  assert.equal(page.status, 'degraded');
  assert.deepEqual(page.stoppedConsumers.map((consumer) => [consumer.service, consumer.source, consumer.eventId]).sort(),
    services.map((service) => [service, 'orders', poison]));
  for (const consumer of page.stoppedConsumers) {
    assert.deepEqual(Object.keys(consumer).sort(), ['eventId', 'service', 'since', 'source'], 'why is not for everybody');
    assert.ok(Math.abs(Date.parse(consumer.since) - Date.now()) < 600_000, consumer.since);
  }
  const status = spawnSync(path.join(root, 'deploy/run'), ['--data', suite.data, '--status'], { encoding: 'utf8' });
  assert.equal(status.status, 0);
  assert.ok(status.stdout.includes(poison), status.stdout);

  // Stopped and started, it still stands there, and the suite is up all the same.
  suite.down();
  await suite.up();
  await eventually('it stands still again', async () => (await stopped()).length === services.length);
  const skip = (service, event) => suite.cli(['ops', 'skip', '--service', service, '--source', 'orders', '--event', event]);
  const listed = await suite.cli(['ops', 'consumers']);
  assert.equal(listed.code, 0, listed.stderr);
  assert.match(listed.stdout, new RegExp(`segmentation +orders .* stopped .*${poison}`));
  assert.match(listed.stdout, /INVALID_ARGUMENT/);
  const refused = await skip('contacts', randomUUID());
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /NOT_STOPPED_BY_EVENT|does not stand still/);
  assert.notEqual((await skip('nobody', poison)).code, 0);
  for (const service of services) {
    const skipped = await skip(service, poison);
    assert.equal(skipped.code, 0, skipped.stderr);
  }
  await eventually('nothing stands still', async () => (await health()).status === 'ok');
  await timelineShows('after');
  const audit = await eventually('the audit log has it', async () => {
    const { body } = await suite.http('GET', '/v1/auditEntries');
    return (body.entries ?? []).filter((entry) => entry.method.endsWith('/SkipConsumerEvent')).length >= services.length + 2 && body.entries;
  });
  assert.ok(audit.every((entry) => entry.actor.startsWith('key:')));
});

test('only admins look after consumers', async () => {
  const created = await suite.http('POST', '/v1/apiKeys', { displayName: 'staff', kind: 'API_KEY_KIND_STAFF', scopes: ['*'] });
  for (const [method, route] of [['GET', '/v1/consumers'], ['POST', '/v1/consumers/contacts/orders:skip'], ['POST', '/v1/consumers/contacts/orders:reset']]) {
    const answer = await suite.http(method, route, method === 'POST' ? {} : undefined, { key: created.body.secret });
    assert.equal(answer.status, 403, route);
  }
});

test('after the data of orders became another copy, its consumers begin anew, and not before', async () => {
  const reset = (service) => suite.cli(['ops', 'reset', '--service', service, '--source', 'orders']);
  const early = await reset('contacts');
  assert.notEqual(early.code, 0);
  assert.match(early.stderr, /POSITION_NOT_REFUSED|refuses its position/);
  // Else the event that was skipped would come again.
  sql(`DELETE FROM orders.outbox WHERE payload = '\\xff'`);
  sql(`UPDATE orders.schema_identity SET epoch = 'fedcba9876543210'`);
  suite.kill('orders');
  const standing = await eventually('all consumers of orders stand still', async () => {
    const all = await stopped();
    return all.length === services.length && all;
  }, 60);
  for (const consumer of standing) assert.equal(consumer.stop.reason, 'EPOCH_CHANGED');
  for (const service of services) {
    const answer = await reset(service);
    assert.equal(answer.code, 0, answer.stderr);
  }
  const { body } = await sell('reset');
  await eventually('the order that was sold since is on the timeline', async () => {
    const timeline = await suite.http('GET', `/v1/contacts/${body.order.contactId}/timeline`);
    return timeline.body.entries.some((entry) => entry.summary.includes('reset'));
  });
  assert.deepEqual(await stopped(), []);
});
