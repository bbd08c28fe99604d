// Segments as marketing uses them: sized while typing, kept current by each event, explained, watched, frozen and exported with
// consent. And RFM policies that are tried before they are put in force.
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Suite, eventually } from './suite.mjs';

let suite;
const people = {};
const day = 86_400_000;
const daysAgo = (days) => new Date(Date.now() - days * day).toISOString();
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

const ok = async (method, route, body, options) => {
  const answer = await suite.http(method, route, body, options);
  assert.equal(answer.status, 200, `${method} ${route}: ${JSON.stringify(answer.body)}`);
  return answer.body;
};

// A read that waits until segmentation has taken in what was written.
const waitingFor = (position) => ({ headers: { 'esnaf-after': position } });

async function sell(who, externalId, placeTime, minor, sku = 'A') {
  const sold = await suite.http('POST', '/v1/orders:ingest', { order: { storeId: 'web', externalId, placeTime,
    customer: { externalId: who, email: `${who}@gmail.com`, emailVerified: true, givenName: who },
    lines: [{ sku, title: 'Ürün', quantity: '1', unitPrice: { minor: String(minor), currencyCode: 'TRY' } }] } });
  assert.equal(sold.status, 200, JSON.stringify(sold.body));
  people[who] = sold.body.order.contactId;
  return { id: sold.body.order.id, position: sold.headers.get('esnaf-position') };
}

const membersOf = async (segment, position) => {
  const page = await ok('GET', `/v1/segments/${segment}/members?pageSize=1000`, undefined, position ? waitingFor(position) : {});
  return (page.members ?? []).map((member) => Object.keys(people).find((who) => people[who] === member.contactId)).sort();
};

before(async () => {
  suite = await Suite.start();
  await suite.createStore('web', 'TRY');
  await sell('ayse', '1', daysAgo(10), 20000);
  await sell('ayse', '2', daysAgo(40), 30000);
  await sell('mehmet', '3', daysAgo(20), 90000, 'B');
  const last = await sell('zeynep', '4', daysAgo(200), 10000);
  await eventually('everybody is counted', async () => {
    const preview = await suite.http('POST', '/v1/segments:preview', { ruleText: 'orders.count >= 1' }, waitingFor(last.position));
    return preview.status === 200 && Number(preview.body.memberCount) === 3;
  });
});
after(() => suite?.stop());

test('a rule is sized before it is saved, and its mistakes are pointed at', async () => {
  const preview = await ok('POST', '/v1/segments:preview', { ruleText: 'orders.count(last 90d) >= 2' });
  assert.equal(Number(preview.memberCount), 1);
  assert.equal(Number(preview.contactCount), 3);
  assert.deepEqual(preview.sampleContactIds, [people.ayse]);
  assert.equal(preview.totalValues[0].minor, '50000');
  const parsed = await ok('POST', '/v1/segments:parse', { text: 'orders.count(last 90d) >= 2 AND NOT contact.tags HAS "vip"' });
  assert.equal(parsed.mistakes?.length ?? 0, 0);
  assert.ok(parsed.rule.group.rules.length === 2);
  const wrong = await ok('POST', '/v1/segments:parse', { text: 'orders.cuont > 1' });
  assert.equal(wrong.mistakes[0].column, 1);
  assert.match(JSON.stringify(wrong.mistakes[0]), /count/, 'a near miss is suggested');
  const refused = await suite.http('POST', '/v1/segments', { id: 'bad', ruleText: 'contact.creat_time > 5' });
  assert.equal(refused.status, 400);
});

test('members follow each event, and whoever watches is told once', async () => {
  await ok('POST', '/v1/segments', { id: 'repeat', displayName: 'Tekrar alanlar', ruleText: 'orders.count(last 90d) >= 2' });
  await ok('POST', '/v1/segments', { id: 'big', ruleText: 'orders.sum > 600.00 TRY AND segment("repeat")' });
  assert.deepEqual(await membersOf('repeat'), ['ayse']);
  assert.deepEqual(await membersOf('big'), []);

  const watching = await fetch(`${suite.url}/v1/segments/repeat:watch`, { headers: { authorization: `Bearer ${suite.adminKey}`, accept: 'text/event-stream' } });
  assert.equal(watching.status, 200);
  const seen = [];
  const reader = watching.body.getReader();
  const reading = (async () => {
    const decoder = new TextDecoder();
    let text = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const line = text.slice(0, end).split('\n').find((l) => l.startsWith('data:'));
        if (line) seen.push(JSON.parse(line.slice(5)));
        text = text.slice(end + 2);
      }
    }
  })().catch(() => {});

  const second = await sell('mehmet', '5', daysAgo(1), 15000);
  assert.deepEqual(await membersOf('repeat', second.position), ['ayse', 'mehmet']);
  assert.deepEqual(await membersOf('big', second.position), ['mehmet'], 'a segment that asks for another follows it');
  await eventually('the watcher hears of mehmet', () => seen.some((change) => change.contactId === people.mehmet && change.kind === 'KIND_ENTERED'));

  const cancelled = await suite.http('POST', `/v1/orders/${second.id}:cancel`, { reason: 'customer' });
  assert.equal(cancelled.status, 200, JSON.stringify(cancelled.body));
  assert.deepEqual(await membersOf('repeat', cancelled.headers.get('esnaf-position')), ['ayse']);
  await eventually('the watcher hears that he left', () => seen.some((change) => change.contactId === people.mehmet && change.kind === 'KIND_LEFT'));
  assert.equal(seen.filter((change) => change.contactId === people.mehmet).length, 2, 'each change once');
  await reader.cancel();
  await reading;
});

test('membership is explained clause by clause, and a recount says the same', async () => {
  const why = await ok('GET', `/v1/segments/repeat/members/${people.ayse}:explain`);
  assert.equal(why.member, true);
  assert.equal(why.clause.holds, true);
  assert.equal(why.clause.value, '2');
  assert.equal(why.clause.facts.length, 2);
  const whyNot = await ok('GET', `/v1/segments/repeat/members/${people.zeynep}:explain`);
  assert.equal(whyNot.member, false);
  for (const id of ['repeat', 'big']) {
    const verified = await ok('POST', `/v1/segments/${id}:verify`, {});
    assert.equal(verified.equal, true, JSON.stringify(verified));
  }
  const mine = await ok('GET', `/v1/contacts/${people.ayse}/segments`);
  assert.deepEqual(mine.memberships.map((m) => m.segmentId), ['repeat']);
  const circle = await suite.http('PATCH', '/v1/segments/repeat', { ruleText: 'segment("big")' });
  assert.equal(circle.status, 400, JSON.stringify(circle.body));
});

test('a static list is frozen and exported for Google and Meta, only with consent', async () => {
  await ok('POST', '/v1/segments', { id: 'list', kind: 'SEGMENT_KIND_STATIC', displayName: 'Liste' });
  const refused = await suite.http('POST', '/v1/segments/list/members:add', { contactIds: [people.ayse, randomUUID()] });
  assert.equal(refused.status, 400, JSON.stringify(refused.body));
  assert.match(JSON.stringify(refused.body), /contact_ids\[1\]/, 'nobody is on a list whom contacts does not know');
  const gone = await ok('POST', '/v1/contacts', { givenName: 'Selin' });
  await ok('POST', '/v1/segments/list/members:add', { contactIds: [people.ayse, people.mehmet, people.zeynep, gone.id] });
  const snapshot = await ok('POST', '/v1/segments/list/snapshots', { displayName: 'kampanya' });
  assert.equal(Number(snapshot.memberCount), 4);
  await ok('DELETE', `/v1/contacts/${gone.id}`);
  const consent = (who, status) => ok('POST', `/v1/contacts/${people[who]}/consents`, { purpose: 'marketing', channel: 'CONSENT_CHANNEL_EPOSTA', status,
    source: 'CONSENT_SOURCE_HS_WEB', textVersion: '1' });
  await consent('ayse', 'CONSENT_STATUS_ONAY');
  await consent('mehmet', 'CONSENT_STATUS_RET');
  const exported = await ok('POST', '/v1/segments/list:export', { snapshotId: snapshot.id, destination: 'AUDIENCE_DESTINATION_GOOGLE_CUSTOMER_MATCH', consentPurpose: 'marketing' });
  const [header, row, rest] = exported.content.split('\r\n');
  assert.equal(header, 'Email,Phone,First Name,Last Name,Country,Zip');
  assert.equal(row.split(',')[0], sha256('ayse@gmail.com'));
  assert.equal(row.split(',')[2], sha256('ayse'));
  assert.equal(rest, '', 'nobody else is in it');
  assert.deepEqual(Object.fromEntries(exported.omissions.map((o) => [o.reason, Number(o.count)])), { NO_CONSENT: 1, CONSENT_REFUSED: 1, CONTACT_DELETED: 1 },
    'one who was deleted since keeps nobody else from the file');
  const meta = await ok('POST', '/v1/segments/list:export', { snapshotId: snapshot.id, destination: 'AUDIENCE_DESTINATION_META_CUSTOM_AUDIENCES', consentPurpose: 'marketing' });
  assert.match(meta.content, /^email,phone,fn,ln,ct,zip,country,extern_id\r\n/);
});

test('an RFM policy is drafted, previewed, back-tested and put in force', async () => {
  const policy = await ok('GET', '/v1/rfm/policies/default');
  const draft = await ok('POST', '/v1/rfm/policies/default:saveDraft', { labels: policy.labels, method: 'RFM_METHOD_PERCENT_RANK', displayName: 'Deneme' });
  assert.equal(draft.state, 'RFM_POLICY_VERSION_STATE_DRAFT');
  const preview = await ok('POST', '/v1/rfm/policies/default:preview', {});
  assert.equal(Number(preview.summary.contactCount), 3);
  const backtest = await ok('POST', '/v1/rfm/policies/default:backtest', { asOfTime: daysAgo(30), horizonDays: 60 });
  assert.equal(Number(backtest.contactCount), 2, 'ayse and zeynep had ordered by then');
  assert.equal(Number(backtest.buyerCount), 1, 'ayse ordered again');
  const active = await ok('POST', '/v1/rfm/policies/default:activate', {});
  assert.equal(active.method, 'RFM_METHOD_PERCENT_RANK');
});

test('the command line makes, sizes and explains segments, and points at mistakes', async () => {
  const made = await suite.cli(['segments', 'create', 'recent', '--rule', 'orders.last_time IN LAST 30d', '--name', 'Son 30 gün']);
  assert.equal(made.code, 0, made.stderr);
  const listed = await suite.cli(['segments', 'list']);
  assert.match(listed.stdout, /recent/);
  const members = await suite.cli(['segments', 'members', 'recent']);
  assert.equal(members.code, 0, members.stderr);
  assert.match(members.stdout, new RegExp(people.ayse));
  const preview = await suite.cli(['segments', 'preview', 'orders.count >= 1']);
  assert.equal(preview.code, 0, preview.stderr);
  assert.match(preview.stdout, /3/);
  const explained = await suite.cli(['segments', 'explain', 'recent', people.zeynep]);
  assert.equal(explained.code, 0, explained.stderr);
  const wrong = await suite.cli(['segments', 'preview', 'orders.cuont >= 1']);
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.stderr, /\^/, 'a caret stands under the mistake');
  const rfm = await suite.cli(['rfm', 'versions']);
  assert.match(rfm.stdout, /in force/);
});
