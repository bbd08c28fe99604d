// What advertising platforms are told of orders: nothing without consent, and that is counted.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Suite, eventually } from './suite.mjs';

let suite;
before(async () => {
  suite = await Suite.start();
  await suite.createStore('web', 'TRY');
});
after(() => suite?.stop());

const exporting = (body, options) => suite.http('POST', '/v1/conversionExports', { storeId: 'web', ...body }, options);

async function sell(externalId, minor, placeTime) {
  const sold = await suite.http('POST', '/v1/orders:ingest', { order: { storeId: 'web', externalId, placeTime,
    customer: { externalId: `c-${externalId}`, email: `c${externalId}@example.com`, emailVerified: true },
    lines: [{ sku: 'A', title: 'Çanta', quantity: '1', unitPrice: { minor: String(minor), currencyCode: 'TRY' } }] } });
  assert.equal(sold.status, 200, JSON.stringify(sold.body));
  return sold.body.order;
}

test('nobody is told of who did not consent, and that is counted', async () => {
  await sell('1', 186000, new Date(Date.now() - 3_600_000).toISOString());
  const made = await eventually('the order is a conversion', async () => {
    const trial = await exporting({ destination: 'EXPORT_DESTINATION_GOOGLE_CLICKS', validateOnly: true });
    assert.equal(trial.status, 200, JSON.stringify(trial.body));
    return trial.body.omissions?.length ? trial.body : null;
  });
  assert.deepEqual(made.omissions, [{ reason: 'NO_CLICK_ID', count: '1' }]);
  const meta = await exporting({ destination: 'EXPORT_DESTINATION_META', consentPurpose: 'marketing' });
  assert.equal(meta.status, 200, JSON.stringify(meta.body));
  assert.deepEqual(meta.body.omissions, [{ reason: 'NO_CONSENT', count: '1' }]);
  assert.deepEqual(meta.body.files, []);
  assert.equal((await exporting({ destination: 'EXPORT_DESTINATION_META' })).status, 400, 'the purpose is needed');
  assert.equal((await exporting({ destination: 'EXPORT_DESTINATION_GOOGLE_CLICKS', delivery: 'EXPORT_DELIVERY_FOLDER' })).status, 400);
  const listed = await suite.cli(['conversions', 'list', '--store', 'web']);
  assert.match(listed.stdout, /meta +0 +0 +1 +delivered/);
});
