// What advertising cost, as marketing brings it in: the platforms' own files over HTTP and by the command line, again and again, in
// another currency, with mistakes.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Suite, data, skipWithoutData } from './suite.mjs';

let suite;
before(async () => {
  suite = await Suite.start();
  await suite.createStore('web', 'TRY');
  await suite.createStore('us', 'USD');
});
after(() => suite?.stop());

const importing = (body, options) => suite.http('POST', '/v1/adSpend:import', body, options);
const turkish = 'Reklam raporu\n1 Ocak 2026 - 31 Ocak 2026\n'
  + 'Gün\tKampanya\tAnahtar kelime\tPara birimi kodu\tTıklamalar\tGöst.\tMaliyet\n'
  + '2026-01-05\tÇanta\tderi çanta\tTRY\t1.204\t45.311\t1.234,56\n'
  + '2026-01-06\tÇanta\tderi çanta\tTRY\t3\t1.000\t0,07\n'
  + 'Toplam: Hesap\t --\t --\tTRY\t1.207\t46.311\t1.234,63\n';
const utf16 = (text) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);

test('the files of the platforms give exactly the totals that stand beside them, twice the same', { skip: skipWithoutData }, async () => {
  const gold = JSON.parse(readFileSync(path.join(data, 'ads/gold.json')));
  const files = {
    'google_ads_ui_campaign_report.csv': { rows: gold.google_ads_campaign_stats.rows, impressions: gold.google_ads_campaign_stats.impressions,
      clicks: gold.google_ads_campaign_stats.clicks, minor: gold.google_ads_campaign_stats.cost_micros / 10000, platform: 'google' },
    'meta_ads_manager_export.csv': { rows: gold.meta_basic_ad.rows, impressions: gold.meta_basic_ad.impressions,
      clicks: gold.meta_basic_ad.inline_link_clicks, minor: Math.round(gold.meta_basic_ad.spend * 100), platform: 'meta' },
    'meta_insights.json': { rows: gold.meta_insights_json.rows, impressions: gold.meta_insights_json.impressions,
      clicks: gold.meta_insights_json.inline_link_clicks, minor: Math.round(gold.meta_insights_json.spend * 100), platform: 'meta' },
  };
  for (const [name, expected] of Object.entries(files)) {
    const content = readFileSync(path.join(data, 'ads', name)).toString('base64');
    for (const round of ['first', 'second']) {
      const { status, body } = await importing({ storeId: 'us', content, fileName: name, currencyCode: 'USD', accountId: name });
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal(body.platform, expected.platform);
      assert.equal(body.totals.length, 1);
      assert.deepEqual([body.totals[0].rowCount, body.totals[0].impressions, body.totals[0].clicks, body.storeCost.minor].map(Number),
        [expected.rows, expected.impressions, expected.clicks, expected.minor], `${name}, ${round}`);
      if (round === 'second') assert.equal(body.replacedCount, body.storedCount);
    }
  }
  const sums = (await suite.http('GET', '/v1/adSpend:summarize?storeId=us')).body;
  assert.equal(Number(sums.totals[0].minor), Object.values(files).reduce((sum, file) => sum + file.minor, 0));
});

test('a Turkish file in UTF-16 comes in by the command line; a dry run changes nothing', async () => {
  const file = path.join(suite.folder, 'ocak.csv');
  writeFileSync(file, utf16(turkish));
  const trial = await suite.cli(['adspend', 'import', file, '--store', 'web', '--dry-run']);
  assert.equal(trial.code, 0, trial.stderr);
  assert.match(trial.stderr, /nothing was changed/);
  assert.equal(((await suite.http('GET', '/v1/adSpend?storeId=web')).body.rows ?? []).length, 0);
  const done = await suite.cli(['adspend', 'import', file, '--store', 'web']);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /google +2026-01-05 +2026-01-06 +2 +0 +3 +1234\.63 TRY/);
  const listed = await suite.cli(['adspend', 'list', '--store', 'web', '-o', 'csv']);
  assert.match(listed.stdout, /2026-01-05,google,Çanta,,deri çanta,45311,1204,1234\.56 TRY/);
  assert.match((await suite.cli(['adspend', 'imports', '--store', 'web'])).stdout, /ocak\.csv/);
  assert.match((await suite.cli(['adspend', 'summary', '--store', 'web', '--by', 'day', '-o', 'csv'])).stdout, /2026-01-06,,,1000,3,0\.07 TRY/);
});

test('another currency waits for its rate, which is named', async () => {
  const report = { storeId: 'web', platform: 'tiktok', text: 'Day,Campaign,Cost\n2026-01-10,Yaz,10.01\n', currencyCode: 'USD' };
  const missing = await importing(report);
  assert.equal(missing.status, 400, JSON.stringify(missing.body));
  assert.match(missing.body.error.message, /from USD to TRY for 2026-01-10/);
  const set = await suite.cli(['rates', 'set', 'USD', 'TRY', '2026-01-09', '41.125', '--source', 'TCMB']);
  assert.equal(set.code, 0, set.stderr);
  assert.match((await suite.cli(['rates', 'list'])).stdout, /2026-01-09 +USD +TRY +41\.125 +TCMB/);
  const converted = await importing(report);
  assert.equal(converted.status, 200, JSON.stringify(converted.body));
  assert.deepEqual(converted.body.storeCost, { minor: '41166', currencyCode: 'TRY' });
});

test('a bad line is named, and the rest comes in where that is wanted', async () => {
  const text = 'Day,Campaign,Currency code,Cost\n2026-01-11,A,TRY,1.00\nsoon,A,TRY,2.00\n2026-01-12,A,TRY,x\n';
  const refused = await importing({ storeId: 'web', text });
  assert.equal(refused.status, 400);
  const violations = refused.body.error.details.flatMap((detail) => detail.fieldViolations ?? []);
  assert.deepEqual(violations.map((violation) => violation.field), ['content.line[3]', 'content.line[4]']);
  const partly = await importing({ storeId: 'web', text, skipBadLines: true });
  assert.equal(partly.status, 200);
  assert.equal(partly.body.storedCount, '1');
  assert.deepEqual(partly.body.skippedLines.map((line) => [line.line, line.reason]), [['3', 'NO_DAY'], ['4', 'BAD_NUMBER']]);
  const file = path.join(suite.folder, 'bad.csv');
  writeFileSync(file, text);
  const cli = await suite.cli(['adspend', 'import', file, '--store', 'web', '--skip-bad-lines']);
  assert.equal(cli.code, 6, cli.stderr);
  assert.match(cli.stderr, /line 3: NO_DAY/);
});

test('a key without the scope, or of another store, is refused', async () => {
  const created = await suite.cli(['-o', 'json', 'keys', 'create', '--name', 'ads', '--kind', 'staff', '--scope', 'ad_spend.read']);
  if (created.code === 0) {
    const key = JSON.parse(created.stdout).secret;
    assert.equal((await importing({ storeId: 'web', text: turkish }, { key })).status, 403);
    assert.equal((await suite.http('GET', '/v1/adSpend:summarize?storeId=web', undefined, { key })).status, 200);
  } else {
    assert.fail(created.stderr);
  }
});
