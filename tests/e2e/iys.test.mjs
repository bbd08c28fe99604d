// İYS through the gateway and the command line: a consent is due, exported once, answered, and a refusal given at İYS holds at once.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Suite } from './suite.mjs';

let suite;
let folder;
let ayse;
before(async () => {
  suite = await Suite.start();
  folder = await mkdtemp(path.join(tmpdir(), 'esnaf-iys-'));
  ayse = (await call('POST', '/v1/contacts', { givenName: 'Ayşe', identities: [{ kind: 'IDENTITY_KIND_EMAIL', value: 'ayse@example.com', verified: true }] })).id;
});
after(async () => {
  await suite?.stop();
  if (folder) await rm(folder, { recursive: true });
});

async function call(method, route, body) {
  const answer = await suite.http(method, route, body);
  assert.equal(answer.status, 200, `${method} ${route}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}
const state = async () => (await call('GET', `/v1/contacts/${ayse}/consents:current`)).consents ?? [];

test('a consent is exported once and acknowledged', async () => {
  await suite.cli(['iys', 'set-brand', '600001', '--name', 'Mağaza', '--default']);
  assert.match((await suite.cli(['iys', 'brands'])).stdout, /600001 +yes +Mağaza/);
  await call('POST', `/v1/contacts/${ayse}/consents`, { purpose: 'marketing', channel: 'CONSENT_CHANNEL_EPOSTA', status: 'CONSENT_STATUS_ONAY', source: 'CONSENT_SOURCE_HS_WEB' });
  assert.match((await suite.cli(['iys', 'due'])).stdout, /PENDING +EPOSTA +ONAY +ayse@example\.com/);

  const file = path.join(folder, 'batch.json');
  const exported = (await suite.cli(['iys', 'export', '600001', '--file', file])).stdout;
  const [, batch] = exported.match(/([0-9a-f-]{36}) +600001 +1 +0 +0/);
  const [record, ...others] = JSON.parse(await readFile(file, 'utf8'));
  assert.deepEqual(others, []);
  const { consentDate, ...rest } = record;
  assert.match(consentDate, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  assert.deepEqual(rest, { type: 'EPOSTA', recipient: 'ayse@example.com', recipientType: 'BIREYSEL', status: 'ONAY', source: 'HS_WEB' });
  const nothing = await suite.http('POST', '/v1/iysBatches', { brandCode: '600001' });
  assert.equal(nothing.status, 400);
  assert.match(JSON.stringify(nothing.body), /IYS_NOTHING_PENDING/);

  const errors = path.join(folder, 'errors.csv');
  await writeFile(errors, 'index,error\n0,H155\n');
  assert.match((await suite.cli(['iys', 'report', batch, '--errors', errors])).stdout, / 1 +0 +1 /);
  assert.match((await suite.cli(['iys', 'due'])).stdout, /FAILED .*H155/);
  await call('POST', `/v1/iysBatches/${batch}:report`, { results: [{ index: 0 }] });
  assert.deepEqual((await call('GET', '/v1/iysRecords')).records ?? [], []);
});

test('a refusal given at İYS holds at once, and its file can be imported again', async () => {
  const file = path.join(folder, 'changes.json');
  const tomorrow = new Date(Date.now() + 86400000).toISOString().slice(0, 10);
  // Without a date a refusal counts from now, so it is later than the consent above.
  await writeFile(file, JSON.stringify([{ type: 'EPOSTA', recipient: 'AYSE@example.com', recipientType: 'BIREYSEL', status: 'RET', source: 'IYS_WEB', transactionId: 'x' }]));
  assert.match((await suite.cli(['iys', 'import', '600001', file])).stdout, /RET +RECORDED/);
  const held = (await state()).find((one) => one.recipient === 'ayse@example.com');
  assert.equal(held.status, 'CONSENT_STATUS_RET');
  assert.match((await suite.cli(['iys', 'import', '600001', file])).stdout, /RET +REPEATED/);
  const late = (await call('POST', '/v1/iysChanges:import', { brandCode: '600001', changes: [{ type: 'EPOSTA', recipient: 'ayse@example.com', status: 'ONAY', consentDate: `${tomorrow} 10:00:00`, source: 'HS_WEB' }] })).results;
  assert.equal(late[0].outcome, 'IYS_CHANGE_OUTCOME_REFUSED');
  assert.match(late[0].error, /consentDate/);
  assert.deepEqual((await call('GET', '/v1/iysRecords')).records ?? [], []);
});
