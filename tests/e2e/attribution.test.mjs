// A shop's fortnight through the gateway: clicks on two devices, a visit without consent, a log-in, orders, a refund a week later and
// what the ads cost. The numbers were worked out by hand.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Suite, eventually } from './suite.mjs';

let suite, orderId, position, beforeRefund;
const ok = async (method, route, body, options) => {
  const answer = await suite.http(method, route, body, options);
  assert.equal(answer.status, 200, `${method} ${route}: ${JSON.stringify(answer.body)}`);
  return answer;
};
const granted = { adStorage: 'CONSENT_WORD_GRANTED', analyticsStorage: 'CONSENT_WORD_GRANTED', adUserData: 'CONSENT_WORD_GRANTED' };
const touch = (eventId, visitorId, occurTime, utm, extra = {}) => ({
  storeId: 'web', eventId, visitorId, kind: 'TOUCH_KIND_PAGE_VIEW', occurTime, landingPage: 'https://dukkan.example/', utm, consent: granted, ...extra });
const order = (externalId, placeTime, minor, costMinor, extra = {}) => ({ order: {
  storeId: 'web', externalId, placeTime, paid: true, pricesIncludeTax: true, customer: { externalId: 'M-1', email: 'ayse@example.com', emailVerified: true },
  lines: [{ sku: 'A', quantity: 1, unitPrice: { minor, currencyCode: 'TRY' }, unitCost: { minor: costMinor, currencyCode: 'TRY' } }], ...extra } });
const report = async (model, query = '') =>
  (await ok('GET', `/v1/attribution/report?fromDate=2026-05-01&toDate=2026-05-14&model=ATTRIBUTION_MODEL_${model}${query}`,
    undefined, { headers: { 'esnaf-after': position } })).body;
const rowOf = (answer, campaign, channel) => answer.rows.find((row) => row.campaign === campaign && row.channel === channel);

before(async () => {
  suite = await Suite.start();
  await suite.createStore('web', 'TRY');
  await ok('POST', '/v1/touchpoints:batchIngest', { touchpoints: [
    touch('g', 'phone', '2026-04-21T12:00:00Z', { source: 'google', medium: 'cpc', campaign: 'Yaz Çanta', id: '11' }),
    touch('m', 'desk', '2026-04-28T12:00:00Z', { source: 'instagram', medium: 'paid_social', campaign: 'Sepet' }),
    touch('n', 'secret', '2026-04-29T12:00:00Z', { source: 'instagram', medium: 'paid_social', campaign: 'Sepet' },
      { consent: { analyticsStorage: 'CONSENT_WORD_DENIED' } }),
    touch('d', 'desk', '2026-05-05T12:00:00Z', undefined),
  ] });
  const sold = await ok('POST', '/v1/orders:ingest', order('o1', '2026-05-05T12:30:00Z', 100000, 60000,
    { customer: { externalId: 'M-1', email: 'ayse@example.com', emailVerified: true, visitorId: 'desk' } }));
  orderId = sold.body.order.id;
  // She logs in on her phone: what she touched there before counts from now on.
  const contactId = await eventually('the order is linked', async () => (await ok('GET', `/v1/orders/${orderId}`)).body.contactId);
  await ok('POST', '/v1/visitors:identify', { visitorId: 'phone', contactId, consent: granted });
  await ok('POST', '/v1/orders:ingest', order('o2', '2026-05-10T12:00:00Z', 40000, 20000));
  await ok('POST', '/v1/orders:ingest', order('o3', '2026-05-08T12:00:00Z', 50000, 10000,
    { customer: { externalId: 'M-2', email: 'ali@example.com', emailVerified: true } }));
  const csv = 'Day,Account ID,Campaign ID,Campaign,Currency code,Impr.,Clicks,Cost\n';
  await ok('POST', '/v1/adSpend:import', { storeId: 'web', platform: 'google', format: 'SPEND_FORMAT_GOOGLE_ADS_TABLE',
    text: `${csv}2026-05-02,123-456-7890,11,Yaz Çanta,TRY,400,20,100.00\n2026-05-02,123-456-7890,99,Boşa,TRY,50,2,20.00\n` });
  await ok('POST', '/v1/adSpend:import', { storeId: 'web', platform: 'meta', format: 'SPEND_FORMAT_GENERIC_TABLE', accountId: 'a', currencyCode: 'TRY',
    columns: { day: 'gun', campaign_id: 'no', campaign: 'ad', cost: 'tutar' }, text: 'gun,no,ad,tutar\n2026-05-02,77,SEPET,50.00\n' });
  await eventually('all three orders are credited to all three touches', async () => {
    const explained = await suite.http('GET', `/v1/orders/${orderId}:explainCredit`);
    const sums = await suite.http('GET', '/v1/attribution/report?fromDate=2026-05-01&toDate=2026-05-14&model=ATTRIBUTION_MODEL_FIRST');
    return explained.status === 200 && explained.body.touches?.length === 3 && sums.body.pendingCount === '0' &&
      rowOf(sums.body, 'Yaz Çanta', 'Paid Search')?.metrics.conversions === 2 && sums.body.totals.conversions === 3;
  }, 60);
  beforeRefund = new Date().toISOString();
  const refunded = await ok('POST', `/v1/orders/${orderId}:refund`, { refund: { id: 'r1', amount: { minor: 20000, currencyCode: 'TRY' }, refundTime: '2026-05-12T12:00:00Z' } });
  position = refunded.headers.get('esnaf-position');
});
after(() => suite?.stop());

test('ROAS, CAC and profit of the fortnight equal the numbers worked out by hand, under every model', async () => {
  const expected = {
    FIRST: [120000, 0], LAST: [0, 0], LAST_NON_DIRECT: [0, 120000], LINEAR: [40001, 40000], TIME_DECAY: [17143, 34286],
    POSITION_BASED: [48000, 24000], MARKOV: [40001, 40000], SHAPLEY: [40001, 40000],
  };
  for (const [model, [google, meta]] of Object.entries(expected)) {
    const answer = await report(model);
    const { totals } = answer;
    assert.deepEqual([totals.spendMinor, totals.revenueMinor, totals.netMinor, totals.costMinor, totals.profitMinor, totals.roas, totals.cacMinor],
      ['17000', '190000', '170000', '90000', '63000', 10, 8500], model);
    assert.equal(rowOf(answer, 'Yaz Çanta', 'Paid Search').metrics.netMinor, String(google), `${model} of Google`);
    assert.equal(rowOf(answer, 'Yaz Çanta', 'Paid Search').metrics.roas, google / 10000, `${model}: ROAS of Google`);
    assert.equal(rowOf(answer, 'SEPET', 'Paid Social').metrics.netMinor, String(meta), `${model} of Meta`);
    assert.equal(rowOf(answer, '', '(unattributed)').metrics.netMinor, '50000', `${model}: what nobody brought`);
    assert.equal(rowOf(answer, 'Boşa', 'Paid Search').metrics.profitMinor, '-2000', `${model}: what brought nobody`);
  }
  const first = rowOf(await report('FIRST'), 'Yaz Çanta', 'Paid Search').metrics;
  assert.deepEqual([first.cacMinor, first.cpaMinor, first.profitMinor], [10000, 5000, '30000']);
});

test('the books of before the refund are still there', async () => {
  const then = await report('LINEAR', `&asKnownTime=${encodeURIComponent(beforeRefund)}`);
  assert.equal(then.totals.netMinor, '190000');
  const { body } = await ok('GET', `/v1/orders/${orderId}:explainCredit`);
  assert.deepEqual([body.restatements[0].reason, body.restatements.at(-1).reason], ['placed', 'refunded']);
  assert.equal(body.restatements.at(-1).netMinor, '80000');
});

test('the command line shows the same', async () => {
  const shown = await suite.cli(['attribution', 'report', '--from', '2026-05-01', '--to', '2026-05-14', '--model', 'first', '--chart']);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /Yaz Çanta .*100\.00 TRY.*1200\.00 TRY.*12\.00/);
  const compared = await suite.cli(['attribution', 'compare', '--from', '2026-05-01', '--to', '2026-05-14', '-o', 'json']);
  assert.equal(compared.code, 0, compared.stderr);
  for (const command of ['paths', 'cohorts']) assert.equal((await suite.cli(['attribution', command])).code, 0);
  const explained = await suite.cli(['attribution', 'explain', orderId]);
  assert.match(explained.stdout, /Paid Search.*Yaz Çanta/);
});
