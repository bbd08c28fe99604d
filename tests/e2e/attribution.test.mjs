// A shop's fortnight through the gateway: clicks on two devices, a visit without consent, a log-in, orders, what the ads cost, a
// refund a week later, a cancellation at last, and what the platforms are told of it all. The numbers were worked out by hand.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Suite, eventually } from './suite.mjs';

let suite, position, beforeRefund, contactId;
const orderIds = {};
const ok = async (method, route, body, options) => {
  const answer = await suite.http(method, route, body, options);
  assert.equal(answer.status, 200, `${method} ${route}: ${JSON.stringify(answer.body)}`);
  return answer;
};
// The fortnight ends today, since platforms take nothing that is old: day 1 is its first, day -9 ten days before that.
const today = Date.parse(new Date().toISOString().slice(0, 10));
const day = (number) => new Date(today + (number - 14) * 86_400_000).toISOString().slice(0, 10);
const at = (number, clock = '12:00') => `${day(number)}T${clock}:00Z`;
const milliseconds = (number) => Date.parse(at(number));
// As the clocks in Istanbul show it, three hours ahead all year.
const inIstanbul = (time) => new Date(Date.parse(time) + 3 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');

const granted = { adStorage: 'CONSENT_WORD_GRANTED', analyticsStorage: 'CONSENT_WORD_GRANTED', adUserData: 'CONSENT_WORD_GRANTED',
  adPersonalization: 'CONSENT_WORD_DENIED' };
const touch = (eventId, visitorId, occurTime, utm, extra = {}) => ({
  storeId: 'web', eventId, visitorId, kind: 'TOUCH_KIND_PAGE_VIEW', occurTime, landingPage: 'https://dukkan.example/', utm, consent: granted, ...extra });
const ayse = { externalId: 'M-1', email: 'Ay.Se@Gmail.com', emailVerified: true, phone: '0532 123 45 67', phoneVerified: true, givenName: 'Ayşe',
  familyName: 'Yılmaz', countryCode: 'TR' };
const lira = (minor) => ({ minor, currencyCode: 'TRY' });
const sell = async (externalId, placeTime, minor, costMinor, customer = ayse) => {
  const { body } = await ok('POST', '/v1/orders:ingest', { order: { storeId: 'web', externalId, placeTime, paid: true, pricesIncludeTax: true, customer,
    lines: [{ sku: 'A', quantity: 1, unitPrice: lira(minor), unitCost: lira(costMinor) }] } });
  orderIds[externalId] = body.order.id;
};
const report = async (model, query = '') =>
  (await ok('GET', `/v1/attribution/report?fromDate=${day(1)}&toDate=${day(14)}&model=ATTRIBUTION_MODEL_${model}${query}`,
    undefined, position ? { headers: { 'esnaf-after': position } } : {})).body;
const rowOf = (answer, campaign, channel) => answer.rows.find((row) => row.campaign === campaign && row.channel === channel);
const exporting = async (destination, extra = {}) =>
  (await ok('POST', '/v1/conversionExports', { storeId: 'web', destination: `EXPORT_DESTINATION_${destination}`, conversionName: 'Satış',
    consentPurpose: 'marketing', ...extra }, position ? { headers: { 'esnaf-after': position } } : {})).body;
// Byte for byte, and what the digest beside it says.
const isFile = (file, name, content) => {
  assert.equal(file.content, content);
  assert.ok(file.name.startsWith(name), file.name);
  assert.equal(file.contentSha256, createHash('sha256').update(content).digest('hex'));
};
const omitted = (made) => Object.fromEntries(made.omissions.map(({ reason, count }) => [reason, Number(count)]));

before(async () => {
  suite = await Suite.start();
  await suite.createStore('web', 'TRY');
  await ok('POST', '/v1/touchpoints:batchIngest', { touchpoints: [
    touch('g', 'phone', at(-9), { source: 'google', medium: 'cpc', campaign: 'Yaz Çanta', id: '11' }, { clickIds: { gclid: 'Cj0K_g' } }),
    touch('m', 'desk', at(-2), { source: 'instagram', medium: 'paid_social', campaign: 'Sepet' },
      { clickIds: { fbclid: 'IwAR_m', fbp: 'fb.1.1.2' }, userAgent: 'Mozilla/5.0 (X11; "Linux") Chrome/140' }),
    touch('n', 'secret', at(-1), { source: 'instagram', medium: 'paid_social', campaign: 'Sepet' },
      { consent: { analyticsStorage: 'CONSENT_WORD_DENIED' }, clickIds: { fbclid: 'IwAR_n' } }),
    touch('d', 'desk', at(5), undefined),
  ] });
  await sell('o1', at(5, '12:30'), 100000, 60000, { ...ayse, visitorId: 'desk' });
  // She logs in on her phone: what she touched there before counts from now on.
  contactId = await eventually('the order is linked', async () => (await ok('GET', `/v1/orders/${orderIds.o1}`)).body.contactId);
  await ok('POST', '/v1/visitors:identify', { visitorId: 'phone', contactId, consent: granted });
  for (const channel of ['EPOSTA', 'MESAJ']) {
    await ok('POST', `/v1/contacts/${contactId}/consents`, { purpose: 'marketing', channel: `CONSENT_CHANNEL_${channel}`, status: 'CONSENT_STATUS_ONAY',
      source: 'CONSENT_SOURCE_HS_WEB', textVersion: '1' });
  }
  await sell('o2', at(10), 40000, 20000);
  await sell('o3', at(8), 50000, 10000, { externalId: 'M-2', email: 'ali@example.com', emailVerified: true });
  const csv = 'Day,Account ID,Campaign ID,Campaign,Currency code,Impr.,Clicks,Cost\n';
  await ok('POST', '/v1/adSpend:import', { storeId: 'web', platform: 'google', format: 'SPEND_FORMAT_GOOGLE_ADS_TABLE',
    text: `${csv}${day(2)},123-456-7890,11,Yaz Çanta,TRY,400,20,100.00\n${day(2)},123-456-7890,99,Boşa,TRY,50,2,20.00\n` });
  await ok('POST', '/v1/adSpend:import', { storeId: 'web', platform: 'meta', format: 'SPEND_FORMAT_GENERIC_TABLE', accountId: 'a', currencyCode: 'TRY',
    columns: { day: 'gun', campaign_id: 'no', campaign: 'ad', cost: 'tutar' }, text: `gun,no,ad,tutar\n${day(2)},77,SEPET,50.00\n` });
  await eventually('all three orders are credited to all three touches', async () => {
    const explained = await suite.http('GET', `/v1/orders/${orderIds.o1}:explainCredit`);
    const sums = await report('FIRST');
    return explained.status === 200 && explained.body.touches?.length === 3 && sums.pendingCount === '0' &&
      rowOf(sums, 'Yaz Çanta', 'Paid Search')?.metrics.conversions === 2 && sums.totals.conversions === 3;
  }, 60);
});
after(() => suite?.stop());

const clicksHead = 'Parameters:TimeZone=Europe/Istanbul\n'
  + 'Google Click ID,Conversion Name,Conversion Time,Conversion Value,Conversion Currency,Ad User Data,Ad Personalization\n';
const leadsHead = 'Parameters:TimeZone=Europe/Istanbul\n'
  + 'Email,Phone Number,Conversion Name,Conversion Time,Conversion Value,Conversion Currency,Ad User Data,Ad Personalization,Order ID,Google Click ID\n';
// SHA-256 of ayse@gmail.com and of +905321234567.
const ayseAtGoogle = '3d6eeb6b04111f454ea7c20e3c0c03b535bd8ef18241bcd53a00ab5b26792a31,57c4176feab36c8b2d9536954c377aee3fa760184cbdb9c3a431fbc707817386';

test('each platform is told of what it brought and may know, byte for byte, and once', async () => {
  const clicks = await exporting('GOOGLE_CLICKS');
  assert.equal(clicks.files.length, 1);
  isFile(clicks.files[0], 'google-click-conversions-web-',
    `${clicksHead}Cj0K_g,Satış,${day(10)} 15:00:00,400.00,TRY,Granted,Denied\nCj0K_g,Satış,${day(5)} 15:30:00,1000.00,TRY,Granted,Denied\n`);
  assert.deepEqual(omitted(clicks), { NO_CLICK_ID: 1 }, 'nobody knows how Ali came');

  const leads = await exporting('GOOGLE_LEADS');
  assert.equal(leads.files.length, 1);
  isFile(leads.files[0], 'google-lead-conversions-web-',
    `${leadsHead}${ayseAtGoogle},Satış,${day(10)} 15:00:00,400.00,TRY,Granted,Denied,o2,Cj0K_g\n`
    + `${ayseAtGoogle},Satış,${day(5)} 15:30:00,1000.00,TRY,Granted,Denied,o1,Cj0K_g\n`);
  assert.deepEqual(omitted(leads), { NO_CONSENT: 1 });

  // The first order is more than seven days old, and no business of Meta's any more. What is hashed of names, addresses and the country
  // are ay.se@gmail.com, 905321234567, ayşe, yılmaz and tr.
  const meta = await exporting('META', { conversionName: 'Purchase' });
  assert.equal(meta.files.length, 1);
  const person = createHash('sha256').update(contactId).digest('hex');
  isFile(meta.files[0], 'meta-events-web-',
    `{"data":[{"event_name":"Purchase","event_time":${milliseconds(10) / 1000},"event_id":"${orderIds.o2}","action_source":"website",`
    + '"event_source_url":"https://dukkan.example/","user_data":{"em":["47386778dc693af60f1a312d429a8f0d5f48962b48567bb79329f7741b1737ad"],'
    + '"ph":["7e3308159fc7cca243cef8a01acc25f18cd62d0d1ad92a6d38c3107d9aa3d8cc"],"fn":["370749e90bceb4b51200f92cb75a9d3d5c721c4eb54ed1f93462bed540ea7c69"],'
    + '"ln":["c6a102d5a10939cf59b9bc29df54c5a040a349775b9281038db59824d4c6e86a"],"country":["7817bb812e82168bd48fe1ea6783078d42be37e8db9bdaafdac5c45804aca64f"],'
    + `"external_id":["${person}"],"fbc":"fb.1.${milliseconds(-2)}.IwAR_m","fbp":"fb.1.1.2","client_user_agent":"Mozilla/5.0 (X11; \\"Linux\\") Chrome/140"},`
    + '"custom_data":{"currency":"TRY","value":400.00,"order_id":"o2"}}]}');
  assert.deepEqual(omitted(meta), { NO_CONSENT: 1 });

  for (const destination of ['GOOGLE_CLICKS', 'GOOGLE_LEADS', 'META']) {
    assert.deepEqual((await exporting(destination)).files, [], `${destination} is told nothing twice`);
  }
});

test('a refund a week later is told to Google, which knows restatements', async () => {
  beforeRefund = new Date().toISOString();
  const refunded = await ok('POST', `/v1/orders/${orderIds.o1}:refund`, { refund: { id: 'r1', amount: lira(20000), refundTime: at(12) } });
  position = refunded.headers.get('esnaf-position');
  // Whatever the action is called now, Google knows the conversion by the name that it was told.
  const clicks = await exporting('GOOGLE_CLICKS', { conversionName: 'Yeni' });
  assert.equal(clicks.files.length, 1);
  isFile(clicks.files[0], 'google-adjustments-web-', 'Parameters:TimeZone=Europe/Istanbul\n'
    + 'Google Click ID,Conversion Name,Conversion Time,Adjustment Time,Adjustment Type,Adjusted Value,Adjusted Value Currency\n'
    + `Cj0K_g,Satış,${day(5)} 15:30:00,${inIstanbul(clicks.createTime)},RESTATE,800.00,TRY\n`);
  const leads = await exporting('GOOGLE_LEADS');
  assert.equal(leads.files.length, 1);
  isFile(leads.files[0], 'google-adjustments-web-', 'Parameters:TimeZone=Europe/Istanbul\n'
    + 'Order ID,Conversion Name,Adjustment Time,Adjustment Type,Adjusted Value,Adjusted Value Currency\n'
    + `o1,Satış,${inIstanbul(leads.createTime)},RESTATE,800.00,TRY\n`);
  assert.deepEqual((await exporting('META')).files, []);
  assert.deepEqual((await exporting('GOOGLE_CLICKS')).files, [], 'once');
});

// Of the two orders that touches led to: 1200 net after the refund, 800 cost. By campaign: net, profit (net - cost - spend) and
// new customers (the first order's share; the second is of the same person). Google cost 100, Meta 50. The path is Google, Meta and then
// direct, 14, 7 and 0 days before its end; by the last she became known. Each part of each order is rounded by the largest remainder.
const byHand = {
  FIRST: { google: [120000, 30000, 1], meta: [0, -5000, 0], direct: [0, 0] },
  LAST: { google: [0, -10000, 0], meta: [0, -5000, 0], direct: [120000, 40000] },
  LAST_NON_DIRECT: { google: [0, -10000, 0], meta: [120000, 35000, 1], direct: [0, 0] },
  LINEAR: { google: [40001, 3334, 0.333334], meta: [40000, 8333, 0.333333], direct: [39999, 13333] },
  // 1, 2 and 4 of 7.
  TIME_DECAY: { google: [17143, -4285, 0.142857], meta: [34286, 6429, 0.285714], direct: [68571, 22856] },
  POSITION_BASED: { google: [48000, 6000, 0.4], meta: [24000, 3000, 0.2], direct: [48000, 16000] },
  U_SHAPED: { google: [48000, 6000, 0.4], meta: [24000, 3000, 0.2], direct: [48000, 16000] },
  // Nobody knows when the carts were begun: 30, 10 and 30 of 70.
  W_SHAPED: { google: [51429, 7143, 0.428572], meta: [17142, 713, 0.142857], direct: [51429, 17144] },
  // Without a fit, which needs a hundred paths, channels share alike.
  MARKOV: { google: [40001, 3334, 0.333334], meta: [40000, 8333, 0.333333], direct: [39999, 13333] },
  SHAPLEY: { google: [40001, 3334, 0.333334], meta: [40000, 8333, 0.333333], direct: [39999, 13333] },
};

test('ROAS, CAC and profit of the fortnight equal the numbers worked out by hand, under every model', async () => {
  const unattributed = [50000, 40000];
  for (const [model, parts] of Object.entries(byHand)) {
    const answer = await report(model);
    const { totals } = answer;
    assert.deepEqual([totals.spendMinor, totals.revenueMinor, totals.netMinor, totals.costMinor, totals.profitMinor, totals.roas, totals.cacMinor],
      ['17000', '190000', '170000', '90000', '63000', 10, 8500], model);
    const campaigns = { google: [rowOf(answer, 'Yaz Çanta', 'Paid Search'), 10000], meta: [rowOf(answer, 'SEPET', 'Paid Social'), 5000] };
    for (const [name, [{ metrics }, spend]] of Object.entries(campaigns)) {
      const [net, profit, customers] = parts[name];
      assert.deepEqual([metrics.netMinor, metrics.profitMinor, metrics.newCustomers], [String(net), String(profit), customers], `${model} of ${name}`);
      assert.equal(metrics.roas, net / spend, `${model}: ROAS of ${name}`);
      assert.equal(metrics.cacMinor, customers ? spend / customers : undefined, `${model}: CAC of ${name}`);
    }
    for (const [channel, [net, profit]] of Object.entries({ Direct: parts.direct, '(unattributed)': unattributed })) {
      const { netMinor, profitMinor } = rowOf(answer, '', channel)?.metrics ?? { netMinor: '0', profitMinor: '0' };
      assert.deepEqual([netMinor, profitMinor], [String(net), String(profit)], `${model} of ${channel}`);
    }
    assert.equal(rowOf(answer, 'Boşa', 'Paid Search').metrics.profitMinor, '-2000', `${model}: what brought nobody`);
  }
  const first = rowOf(await report('FIRST'), 'Yaz Çanta', 'Paid Search').metrics;
  assert.deepEqual([first.cacMinor, first.cpaMinor], [10000, 5000]);
});

test('the books of before the refund are still there', async () => {
  const then = await report('LINEAR', `&asKnownTime=${encodeURIComponent(beforeRefund)}`);
  assert.equal(then.totals.netMinor, '190000');
  const { body } = await ok('GET', `/v1/orders/${orderIds.o1}:explainCredit`);
  assert.deepEqual([body.restatements[0].reason, body.restatements.at(-1).reason], ['placed', 'refunded']);
  assert.equal(body.restatements.at(-1).netMinor, '80000');
});

test('the command line shows the same', async () => {
  const days = ['--from', day(1), '--to', day(14)];
  const shown = await suite.cli(['attribution', 'report', ...days, '--model', 'first', '--chart']);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /Yaz Çanta .*100\.00 TRY.*1200\.00 TRY.*12\.00/);
  const compared = await suite.cli(['attribution', 'compare', ...days, '-o', 'json']);
  assert.equal(compared.code, 0, compared.stderr);
  for (const command of ['paths', 'cohorts']) assert.equal((await suite.cli(['attribution', command])).code, 0);
  const assists = await suite.cli(['attribution', 'paths', ...days, '--show', 'assists', '-o', 'csv']);
  assert.match(assists.stdout, /^CHANNEL,LAST,ASSISTED,NET ASSISTED\r?\n.*Paid Search,\d+,[1-9]/s);
  const took = await suite.cli(['attribution', 'paths', ...days, '--show', 'days']);
  assert.match(took.stdout, /^DAYS +ORDERS\n[- ]+\n +\d+ +[1-9]/);
  // Every row, page by page, as in one page; the last is that of the sums.
  const byDay = ['attribution', 'report', ...days, '--per', 'day', '-o', 'csv', '--all'];
  const rows = (await suite.cli(byDay)).stdout;
  assert.ok(rows.split('\n').length > 5, rows);
  assert.equal((await suite.cli([...byDay, '--page-size', '2'])).stdout, rows);
  const explained = await suite.cli(['attribution', 'explain', orderIds.o1]);
  assert.match(explained.stdout, /Paid Search.*Yaz Çanta/);
});

test('an order that is cancelled at last is retracted, for good, and the books follow', async () => {
  const cancelled = await ok('POST', `/v1/orders/${orderIds.o2}:cancel`, { reason: 'vazgeçti', cancelTime: at(13) });
  position = cancelled.headers.get('esnaf-position');
  const clicks = await exporting('GOOGLE_CLICKS');
  assert.equal(clicks.files.length, 1);
  isFile(clicks.files[0], 'google-adjustments-web-', 'Parameters:TimeZone=Europe/Istanbul\n'
    + 'Google Click ID,Conversion Name,Conversion Time,Adjustment Time,Adjustment Type,Adjusted Value,Adjusted Value Currency\n'
    + `Cj0K_g,Satış,${day(10)} 15:00:00,${inIstanbul(clicks.createTime)},RETRACT,,\n`);
  const leads = await exporting('GOOGLE_LEADS');
  isFile(leads.files[0], 'google-adjustments-web-', 'Parameters:TimeZone=Europe/Istanbul\n'
    + 'Order ID,Conversion Name,Adjustment Time,Adjustment Type,Adjusted Value,Adjusted Value Currency\n'
    + `o2,Satış,${inIstanbul(leads.createTime)},RETRACT,,\n`);
  const answer = await report('LINEAR');
  const { totals } = answer;
  assert.deepEqual([totals.revenueMinor, totals.netMinor, totals.costMinor, totals.profitMinor, totals.conversions, totals.cacMinor],
    ['150000', '130000', '70000', '43000', 2, 8500]);
  assert.deepEqual([rowOf(answer, 'Yaz Çanta', 'Paid Search').metrics.profitMinor, rowOf(answer, 'SEPET', 'Paid Social').metrics.profitMinor],
    ['-3333', '1667']);
  assert.deepEqual((await exporting('GOOGLE_CLICKS')).files, []);
});
