// What esnaf.js makes of addresses and cookies, without a browser: a page of our own runs it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import vm from 'node:vm';

const script = readFileSync(new URL('../../services/gateway/esnaf.js', import.meta.url), 'utf8');

// Opens a page whose visitor consented to everything before; answers what leaving it sends.
function visit(search, { cookie = '', then = () => {} } = {}) {
  const sent = [];
  const listeners = {};
  const kept = new Map([['esnaf_consent', JSON.stringify({ analytics_storage: 'granted', ad_storage: 'granted' })]]);
  const attributes = { 'data-key': 'esk_test', 'data-store': 'web', 'data-endpoint': 'https://crm.example' };
  const page = {
    URL, URLSearchParams, TextEncoder, TextDecoder, crypto, setTimeout: () => 1, clearTimeout: () => {},
    location: { origin: 'https://shop.example', pathname: '/', search, protocol: 'https:' },
    document: { currentScript: { getAttribute: (name) => attributes[name], src: '' }, cookie, referrer: '',
      addEventListener: () => {} },
    navigator: { userAgent: 'Test/1.0', sendBeacon: (url, body) => { sent.push(JSON.parse(body)); return true; } },
    localStorage: { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value) },
    addEventListener: (name, listener) => { listeners[name] = listener; },
  };
  page.window = page;
  vm.runInNewContext(script, page);
  then(page.esnaf);
  listeners.pagehide();
  assert.equal(sent.length, 1);
  return sent[0].touchpoints;
}

test('ids of campaigns, ad groups and ads have the names that the server reads', () => {
  for (const name of ['utm_id', 'gad_campaignid', 'campaign_id', 'campaignid']) {
    assert.equal(visit(`?${name}=7`)[0].utm.id, '7', name);
  }
  for (const name of ['adgroupid', 'ad_group_id', 'adset_id', 'adgroup_id']) {
    assert.equal(visit(`?${name}=7`)[0].adGroupId, '7', name);
  }
  for (const name of ['ad_id', 'adid', 'creative']) assert.equal(visit(`?${name}=7`)[0].adId, '7', name);
  assert.equal(visit('?campaignid=8&utm_id=7')[0].utm.id, '7');
});

test('texts are cut where the server counts bytes, and no character in halves', () => {
  const [page, event] = visit(`?utm_campaign=${encodeURIComponent('a' + 'ş'.repeat(400))}&gclid=${'x'.repeat(2000)}`,
    { then: (esnaf) => esnaf('event', '😀'.repeat(200)) });
  assert.equal(page.utm.campaign, 'a' + 'ş'.repeat(249));
  assert.equal(page.clickIds.gclid.length, 1000);
  assert.equal(event.name, '😀'.repeat(125));
});

test('a cookie that another wrote badly is none, and the page is recorded', () => {
  const [touch] = visit('?utm_source=google', { cookie: 'esnaf_visitor=%E0%A4%A; _fbp=100%' });
  assert.match(touch.visitorId, /^[0-9a-f-]{32,36}$/);
  assert.equal(touch.clickIds.fbp, '');
  assert.equal(touch.utm.source, 'google');
});
