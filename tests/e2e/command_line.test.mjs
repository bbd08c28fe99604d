// The `esnaf` command line as a person and a script use it: formats, exit codes, imports with bad rows, completion.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Suite } from './suite.mjs';

let suite;
before(async () => {
  suite = await Suite.start();
  await suite.createStore('web', 'TRY');
});
after(() => suite?.stop());

const write = (name, text) => {
  const file = path.join(suite.folder, name);
  writeFileSync(file, text);
  return file;
};

test('exit codes mean something', async () => {
  assert.equal((await suite.cli(['stores', 'list'])).code, 0);
  assert.equal((await suite.cli(['frobnicate'])).code, 2);
  assert.equal((await suite.cli(['orders', 'get'])).code, 2);
  assert.equal((await suite.cli(['orders', 'get', '00000000-0000-7000-8000-000000000000'])).code, 3);
  assert.equal((await suite.cli(['stores', 'list'], { key: 'esk_wrong' })).code, 4);
  const away = await suite.cli(['--address', '127.0.0.1:1', 'stores', 'list']);
  assert.equal(away.code, 5, away.stderr);
});

test('tables, JSON and CSV', async () => {
  assert.match((await suite.cli(['stores', 'list'])).stdout, /ID +NAME +CURRENCY/);
  assert.equal(JSON.parse((await suite.cli(['-o', 'json', 'stores', 'list'])).stdout).stores[0].id, 'web');
  assert.match((await suite.cli(['stores', 'list', '-o', 'csv'])).stdout, /^ID,NAME,CURRENCY,ZONE,COUNTRY\r\nweb,web,TRY/);
});

test('an import takes gzip, scattered rows, returns; rejects what is wrong by line; and a dry run changes nothing', async () => {
  const text = [
    'order,placed_at,customer,email,phone,name,country,sku,title,quantity,unit_price,discount,currency,status',
    'A1,2026-01-05 10:00,C1,ali@example.com,0532 000 00 01,Ali Veli,TR,S1,"Gömlek, mavi",2,100.50,1.00,TRY,completed',
    'A2,2026-01-06,C2,,,,,S1,Gömlek,1,100.50,,,paid',
    'A1,2026-01-05 09:58,C1,,,,,S2,"Kemer ""deri""",1,49.90,,,',
    'A3,2026-01-07,C1,,,,,S1,Gömlek,-1,100.50,,,',
    'A4,bugün,C3,,,,,S1,Gömlek,1,100.50,,,',
    'A5,2026-01-07,C3,,,,,S1,Gömlek,1.5,100.50,,,',
    'A5,2026-01-07,C3,,,,,S2,Kemer,1,49.90,,,',
    'A6,2026-01-08,C4,,,,,S1,Gömlek,1,-5,,,',
  ].join('\n');
  const file = path.join(suite.folder, 'orders.csv.gz');
  writeFileSync(file, gzipSync(text));
  const dry = await suite.cli(['orders', 'import', file, '--store', 'web', '--dry-run']);
  assert.equal(dry.code, 6, dry.stderr);
  assert.match(dry.stdout, /dry run, nothing changed/);
  assert.equal(JSON.parse((await suite.cli(['-o', 'json', 'orders', 'list'])).stdout).orders?.length ?? 0, 0);

  const rejects = path.join(suite.folder, 'rejects.csv');
  const real = await suite.cli(['orders', 'import', file, '--store', 'web', '--reject', rejects]);
  assert.equal(real.code, 6, real.stderr);
  assert.match(real.stdout, /8 rows: 3 new orders, 0 updated, 0 unchanged; 4 rows rejected/);
  const kept = readFileSync(rejects, 'utf8').split('\r\n');
  assert.equal(kept.filter((line) => /^A[456],/.test(line)).length, 4, 'every row of a rejected order is kept');
  assert.match(kept.find((line) => line.startsWith('A4')), /,6,.*placed_at/);
  assert.match(kept.find((line) => line.startsWith('A5')), /line 7: quantity/);

  const orders = Object.fromEntries(JSON.parse((await suite.cli(['-o', 'json', 'orders', 'list'])).stdout).orders.map((order) => [order.externalId, order]));
  assert.equal(orders.A1.totals.net, String(2 * 10050 - 100 + 4990));
  assert.equal(orders.A1.placeTime, '2026-01-05T06:58:00Z', "the store's zone, the earlier of two times");
  assert.equal(orders.A1.customer.phone, '+905320000001');
  assert.equal(orders.A3.kind, 'ORDER_KIND_RETURN');
  assert.equal(orders.A3.totals.net, '-10050');
  assert.equal(orders.A2.paymentState, 'PAYMENT_STATE_PAID');
});

test('a file without the needed columns, a broken file and an unknown store are refused', async () => {
  const no_price = await suite.cli(['orders', 'import', write('a.csv', 'order,placed_at,quantity\n1,2026-01-01,1\n'), '--store', 'web']);
  assert.equal(no_price.code, 2);
  assert.match(no_price.stderr, /unit_price/);
  const quote = await suite.cli(['orders', 'import', write('b.csv', 'order,placed_at,quantity,unit_price\n1,"2026-01-01,1,5\n'), '--store', 'web']);
  assert.equal(quote.code, 2);
  assert.match(quote.stderr, /b\.csv:2: a quote is not closed/);
  assert.equal((await suite.cli(['orders', 'import', '/nowhere.csv', '--store', 'web'])).code, 2);
  const store = await suite.cli(['orders', 'import', write('c.csv', 'order,placed_at,quantity,unit_price\n1,2026-01-01,1,5\n'), '--store', 'nowhere']);
  assert.equal(store.code, 3);
  assert.match(store.stderr, /stores create nowhere/);
});

test('keys: create, use, rotate, revoke', async () => {
  const created = await suite.cli(['keys', 'create', '--name', 'till', '--kind', 'storefront', '--scope', 'stores.read']);
  assert.equal(created.code, 0, created.stderr);
  const key = created.stdout.trim();
  assert.equal((await suite.cli(['stores', 'list'], { key })).code, 0);
  assert.equal((await suite.cli(['orders', 'list'], { key })).code, 4);
  const id = JSON.parse((await suite.cli(['-o', 'json', 'keys', 'list'])).stdout).apiKeys.find((entry) => entry.displayName === 'till').id;
  const rotated = (await suite.cli(['keys', 'rotate', id])).stdout.trim();
  assert.equal((await suite.cli(['stores', 'list'], { key: rotated })).code, 0);
  assert.equal((await suite.cli(['stores', 'list'], { key })).code, 4, 'the old secret has ended');
  assert.equal((await suite.cli(['keys', 'revoke', id])).code, 0);
  assert.equal((await suite.cli(['stores', 'list'], { key: rotated })).code, 4);
});

test('completion offers commands and options', async () => {
  const { stdout } = await suite.cli(['completion', 'bash']);
  assert.match(stdout, /"esnaf orders"\) words="import get list cancel refund/);
  assert.match(stdout, /--dry-run/);
});
