// Lead forms of Google and Meta, as the platforms post them: people with their campaign, each once, and the credit for what they order
// later. Meta's Graph API is a local one.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Suite, eventually } from './suite.mjs';

let suite, graph;
const asked = [];
const graphLeads = {
  777: { id: '777', form_id: '9', adset_id: '20', ad_id: '30', campaign_id: '888', campaign_name: 'Bahar', field_data: [
    { name: 'full_name', values: ['Ali Veli'] }, { name: 'email', values: ['ali@example.com'] }, { name: 'city', values: ['Bursa'] }] },
  778: { id: '778', form_id: '9', field_data: [{ name: 'full_name', values: ['Nameless'] }] },
};
before(async () => {
  graph = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://graph');
    asked.push({ url, authorization: request.headers.authorization });
    const lead = graphLeads[url.pathname.slice(1)];
    response.statusCode = lead ? 200 : 400;
    response.setHeader('content-type', 'application/json');
    // The first question of each lead fails, as the Graph API sometimes does for new ones; or what stands before it answers with a page.
    const first = asked.filter((one) => one.url.pathname === url.pathname).length === 1;
    if (first && lead?.id === '778') return response.end('<html>Sorry, something went wrong.</html>');
    if (first) response.statusCode = 500;
    response.end(JSON.stringify(lead && !first ? lead : { error: { message: 'Unsupported get request', code: 100 } }));
  });
  await new Promise((resolve) => { graph.listen(0, '127.0.0.1', resolve); });
  process.env.ESNAF_META_GRAPH_URL = `http://127.0.0.1:${graph.address().port}`;
  suite = await Suite.start();
  await suite.createStore('web', 'TRY');
});
after(() => {
  graph?.close();
  suite?.stop();
});

const ok = async (method, route, body) => {
  const answer = await suite.http(method, route, body);
  assert.equal(answer.status, 200, `${method} ${route}: ${JSON.stringify(answer.body)}`);
  return answer.body;
};
const post = (connector, body, headers = {}) => suite.http('POST', `/hooks/${connector}/web`, body, { key: '', headers });
const sign = (body, secret = 'app secret') => ({ 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` });
const google = (leadId, more = {}) => ({ lead_id: leadId, api_version: '1.0', form_id: 40000000000, campaign_id: 123443211, google_key: 'sesame',
  is_test: false, gcl_id: 'Cj0KEQ', adgroup_id: 20000000000, creative_id: 30000000000, user_column_data: [
    { column_name: 'Full Name', string_value: 'Ayşe Yılmaz', column_id: 'FULL_NAME' },
    { column_name: 'User Email', string_value: 'ayse@example.com', column_id: 'EMAIL' },
    { column_name: 'Hangi mağaza?', string_value: 'Kadıköy', column_id: 'which_shop' }], ...more });
const deliveries = async (connector, state = '') =>
  (await ok('GET', `/v1/hooks/${connector}/deliveries${state && `?state=HOOK_DELIVERY_STATE_${state}`}`)).deliveries;
const finished = (connector, externalId) => eventually(`${connector} ${externalId} is finished`, async () =>
  (await deliveries(connector)).find((one) => one.externalId === externalId && one.state !== 'HOOK_DELIVERY_STATE_PENDING'), 60);
const leadOf = async (contactId) => (await ok('GET', `/v1/contacts/${contactId}/timeline`)).entries[0].interaction.lead;

test('nobody posts before the store is connected, and secrets are never shown', async () => {
  assert.equal((await post('google_lead_form', google('early'))).status, 404);
  assert.equal((await post('nobody', '{}')).status, 404);
  const file = path.join(suite.folder, 'google.key');
  writeFileSync(file, 'sesame\n');
  const connected = await suite.cli(['hooks', 'connect', 'google_lead_form', 'web', '--secret-file', `google_key=${file}`]);
  assert.equal(connected.code, 0, connected.stderr);
  await ok('POST', '/v1/hooks/meta_lead_ads/connections', { storeId: 'web', secrets: {
    app_secret: 'app secret', verify_token: 'verify me', access_token: 'page token' } });
  const listed = await suite.http('GET', '/v1/hooks/meta_lead_ads/connections');
  assert.deepEqual(listed.body.connections[0].secretNames, ['access_token', 'app_secret', 'verify_token']);
  for (const secret of ['app secret', 'verify me', 'page token', 'sesame']) {
    assert.ok(!JSON.stringify(listed.body).includes(secret) && !connected.stdout.includes(secret), secret);
  }
  assert.match((await suite.cli(['hooks', 'connectors'])).stdout, /google_lead_form +contacts/);
});

test("Google's lead is a contact with its campaign, however often it comes; a test and a wrong key are not", async () => {
  for (let i = 0; i < 3; ++i) {
    const answer = await post('google_lead_form', google('lead-1'));
    assert.deepEqual([answer.status, answer.body], [200, {}]);
  }
  const done = await finished('google_lead_form', 'lead-1');
  assert.equal(done.message, 'a new contact');
  const contact = await ok('GET', `/v1/contacts/${done.subjectId}`);
  assert.equal(contact.displayName, 'Ayşe Yılmaz');
  assert.deepEqual(contact.identities.map((one) => [one.value, one.verified]), [['ayse@example.com', false]]);
  assert.deepEqual(contact.tags, ['lead_form']);
  const lead = await leadOf(contact.id);
  assert.deepEqual([lead.platform, lead.campaignId, lead.adGroupId, lead.adId, lead.formId, lead.gclid],
    ['google', '123443211', '20000000000', '30000000000', '40000000000', 'Cj0KEQ']);
  assert.deepEqual(lead.fields[2], { name: 'which_shop', value: 'Kadıköy' });
  assert.equal((await deliveries('google_lead_form')).length, 1);

  const wrong = await post('google_lead_form', google('lead-2', { google_key: 'open' }));
  assert.equal(wrong.status, 401);
  assert.equal(wrong.body.error.details[0].reason, 'HOOK_NOT_VERIFIED');
  const broken = await post('google_lead_form', '{"lead_id": ');
  assert.equal(broken.status, 400);
  assert.match(broken.body.error.message, /body: is no JSON from byte 13/);
  assert.equal((await post('google_lead_form', google('lead-2', { user_column_data: [7] }))).status, 400);
  assert.equal((await post('google_lead_form', 'x'.repeat(1024 * 1024 + 1))).status, 413);
  assert.equal((await post('google_lead_form', google('trial', { is_test: true }))).status, 200);
  assert.match((await finished('google_lead_form', 'trial')).message, /creates nobody/);
  assert.equal((await deliveries('google_lead_form')).length, 2);
  for (const service of ['gateway', 'contacts']) assert.ok(!suite.log(service).includes('ayse@'), `the log of ${service}`);
});

test("Meta's lead is asked of the Graph API with the page's token, again where that fails", async () => {
  const challenge = await suite.http('GET', '/hooks/meta_lead_ads/web?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=verify+me',
    undefined, { key: '' });
  assert.deepEqual([challenge.status, challenge.body], [200, 1158201444]);
  assert.equal((await suite.http('GET', '/hooks/meta_lead_ads/web?hub.mode=subscribe&hub.challenge=1&hub.verify_token=x', undefined,
    { key: '' })).status, 401);
  const body = JSON.stringify({ object: 'page', entry: [{ id: '1', changes: [{ field: 'leadgen', value: {
    leadgen_id: 777, page_id: 123, form_id: 9, ad_id: 30, created_time: Math.floor(Date.now() / 1000) - 5 } }] }] });
  assert.equal((await post('meta_lead_ads', body, sign(body, 'another'))).status, 401);
  assert.equal((await post('meta_lead_ads', `${body} `, sign(body))).status, 401);
  assert.equal((await post('meta_lead_ads', body)).status, 401);
  assert.deepEqual(await deliveries('meta_lead_ads'), []);
  for (let i = 0; i < 2; ++i) assert.equal((await post('meta_lead_ads', body, sign(body))).status, 200);
  const done = await finished('meta_lead_ads', '777');
  assert.deepEqual([done.state, done.attemptCount], ['HOOK_DELIVERY_STATE_DONE', 2], done.message);
  const contact = await ok('GET', `/v1/contacts/${done.subjectId}`);
  assert.equal(contact.displayName, 'Ali Veli');
  assert.equal(contact.addresses[0].city, 'Bursa');
  const lead = await leadOf(contact.id);
  assert.deepEqual([lead.platform, lead.campaignId, lead.campaignName, lead.pageId], ['meta', '888', 'Bahar', '123']);
  assert.equal(asked.length, 2);
  assert.equal(asked[0].authorization, 'Bearer page token');
  assert.equal(asked[0].url.searchParams.get('appsecret_proof'), createHmac('sha256', 'app secret').update('page token').digest('hex'));
  assert.ok(!asked[0].url.href.includes('page'), 'the token is not in the address');
});

test('what cannot be handled is listed with the reason, and tried again when somebody says so', async () => {
  assert.equal((await post('google_lead_form', google('nameless', { user_column_data: [] }))).status, 200);
  const dead = await finished('google_lead_form', 'nameless');
  assert.equal(dead.state, 'HOOK_DELIVERY_STATE_DEAD');
  const listed = await suite.cli(['hooks', 'deliveries', 'google_lead_form', '--state', 'dead']);
  assert.match(listed.stdout, /nameless .* dead +1 .*neither an e-mail address nor a phone number/);
  const retried = await suite.cli(['hooks', 'retry', 'google_lead_form', dead.id]);
  assert.equal(retried.code, 0, retried.stderr);
  // It was tried again and given up again: nothing was mended.
  const again = await eventually('it is given up again', async () => {
    const one = await finished('google_lead_form', 'nameless');
    return one.finishTime > dead.finishTime && one;
  });
  assert.deepEqual([again.state, again.attemptCount, again.message], ['HOOK_DELIVERY_STATE_DEAD', 1, dead.message]);
  const done = (await deliveries('google_lead_form', 'DONE'))[0];
  const refused = await suite.http('POST', `/v1/hooks/google_lead_form/deliveries/${done.id}:retry`, {});
  assert.equal(refused.body.error.details[0].reason, 'HOOK_DELIVERY_NOT_DEAD');
  assert.equal((await suite.http('GET', '/v1/hooks/nobody/deliveries')).status, 404);
});

test('what was mended is handled when it is tried again, and a page instead of an answer is no answer', async () => {
  const body = JSON.stringify({ object: 'page', entry: [{ id: '1', changes: [{ field: 'leadgen', value: { leadgen_id: 778, form_id: 9 } }] }] });
  assert.equal((await post('meta_lead_ads', body, sign(body))).status, 200);
  const dead = await finished('meta_lead_ads', '778');
  assert.deepEqual([dead.state, dead.attemptCount], ['HOOK_DELIVERY_STATE_DEAD', 2], dead.message);
  assert.match(dead.message, /neither an e-mail address nor a phone number/);
  graphLeads[778].field_data.push({ name: 'email', values: ['mended@example.com'] });
  await ok('POST', `/v1/hooks/meta_lead_ads/deliveries/${dead.id}:retry`, {});
  const done = await eventually('the lead is recorded', async () => {
    const one = await finished('meta_lead_ads', '778');
    return one.state === 'HOOK_DELIVERY_STATE_DONE' && one;
  });
  assert.equal(done.message, 'a new contact');
  assert.equal((await ok('GET', `/v1/contacts/${done.subjectId}`)).identities[0].value, 'mended@example.com');
});

test('what a lead orders later is credited to its campaign', async () => {
  const [touch] = await eventually('the touch of the lead', async () => {
    const found = (await ok('GET', `/v1/touchpoints?filter=${encodeURIComponent('channel = "Paid Search"')}`)).touchpoints;
    return found.length > 0 && found;
  });
  assert.equal(touch.eventId, 'lead:google:lead-1');
  const sold = await ok('POST', '/v1/orders:ingest', { order: { storeId: 'web', externalId: 'o1', placeTime: new Date().toISOString(), paid: true,
    customer: { email: 'ayse@example.com' }, lines: [{ sku: 'A', quantity: '1', unitPrice: { minor: '50000', currencyCode: 'TRY' } }] } });
  const [today, tomorrow] = [0, 1].map((days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10));
  const row = await eventually('the credit', async () => {
    const report = await ok('GET', `/v1/attribution/report?fromDate=${today}&toDate=${tomorrow}&model=ATTRIBUTION_MODEL_LAST`);
    return report.rows.find((one) => one.campaignId === '123443211');
  });
  assert.deepEqual([row.channel, row.platform, row.metrics.revenueMinor], ['Paid Search', 'google', '50000']);
  const explained = await ok('GET', `/v1/orders/${sold.order.id}:explainCredit`);
  assert.equal(explained.touches[0].touchpointId, touch.id);
});
