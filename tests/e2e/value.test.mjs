// Customer value as a marketer asks for it, on the public CDNOW sample: its purchases come in as orders through the gateway, and
// the models fitted over HTTP are the published ones.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Suite, data, eventually, hasData, skipWithoutData } from './suite.mjs';

const asOfTime = '1997-09-30T12:00:00Z';
const gold = hasData ? JSON.parse(readFileSync(path.join(data, 'clv/gold.json'), 'utf8')) : null;
const published = {
  bgnbd: ['VALUE_MODEL_KIND_BG_NBD', ['r', 'alpha', 'a', 'b'], 1e-3],
  mbgnbd: ['VALUE_MODEL_KIND_MBG_NBD', ['r', 'alpha', 'a', 'b'], 1e-3],
  pnbd: ['VALUE_MODEL_KIND_PARETO_NBD', ['r', 'alpha', 's', 'beta'], 2e-3],
};

let suite;
const fitNumbers = {};
before(async () => {
  if (!hasData) {
    console.log(skipWithoutData);
    return;
  }
  suite = await Suite.start();
  await suite.createStore('cdnow', 'USD', 'UTC');
  const lines = readFileSync(path.join(data, 'clv/CDNOW_sample.txt'), 'utf8').trim().split(/\r?\n/).map((line) => line.trim().split(/\s+/));
  const rows = lines.map(([, customer, day, , dollars], i) =>
    `${i + 1},${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)} 12:00:00,${customer},CD,1,${dollars}`);
  const file = path.join(suite.folder, 'cdnow.csv');
  writeFileSync(file, `order,placed_at,customer,sku,quantity,unit_price\n${rows.join('\n')}\n`);
  const imported = await suite.cli(['orders', 'import', file, '--store', 'cdnow', '--time-zone', 'UTC']);
  assert.equal(imported.code, 0, imported.stdout + imported.stderr);
});
after(() => suite?.stop());

const ok = async (method, route, body) => {
  const answer = await suite.http(method, route, body);
  assert.equal(answer.status, 200, `${method} ${route}: ${JSON.stringify(answer.body)}`);
  return answer.body;
};
const near = (actual, expected, relative, what) =>
  assert.ok(Math.abs(actual - expected) <= relative * Math.abs(expected), `${what}: ${actual} is not ${expected} within ${relative}`);

async function fitWhenAllIsThere(id) {
  return eventually(`${id} is fitted on everybody`, async () => {
    const fit = await ok('POST', `/v1/valueModels/${id}:fit`, { asOfTime });
    return Number(fit.customerCount) === gold.cdnow_facts.customers && fit;
  }, 120);
}

test('the models fitted on the CDNOW sample are the published ones', { skip: skipWithoutData, timeout: 600_000 }, async () => {
  for (const [id, [kind, names, tolerance]] of Object.entries(published)) {
    await ok('POST', '/v1/valueModels', { id, kind, storeId: 'cdnow', currencyCode: 'USD', timeZone: 'UTC', timeUnit: 'VALUE_TIME_UNIT_WEEK' });
    const fit = await fitWhenAllIsThere(id);
    fitNumbers[id] = fit.number;
    const optimum = gold.computed_optima[id];
    names.forEach((name, i) => {
      const parameter = fit.frequency.parameters.find((p) => p.name === name);
      near(parameter.value, optimum.params[i], tolerance, `${id} ${name}`);
      assert.ok(parameter.standardError > 0, `${id} ${name} has a standard error`);
    });
    assert.ok(Math.abs(fit.frequency.logLikelihood - optimum.LL) < 1e-3, `${id}: ${fit.frequency.logLikelihood} is not ${optimum.LL}`);
    const spend = gold.computed_optima.gamma_gamma;
    ['p', 'q', 'v'].forEach((name, i) =>
      near(fit.spend.parameters.find((p) => p.name === name || (name === 'v' && p.name === 'gamma')).value, spend.params[i], 1e-3, `gamma-gamma ${name}`));
    assert.ok(Math.abs(fit.spend.logLikelihood - spend.LL) < 1e-3, `gamma-gamma: ${fit.spend.logLikelihood} is not ${spend.LL}`);
    // The service may have fitted the new model by itself meanwhile, as of now.
    const fits = (await ok('GET', `/v1/valueModels/${id}/fits`)).fits.map(({ number }) => Number(number));
    assert.ok(fits.includes(Number(fit.number)));
    assert.deepEqual(fits, [...fits].sort((a, b) => b - a), 'the newest fit comes first');
  }
});

test('a customer\'s value is predicted as published, and told with its definition', { skip: skipWithoutData, timeout: 120_000 }, async () => {
  const contactId = await contactOf('1516');
  const value = await ok('GET', `/v1/contacts/${contactId}/value?modelId=bgnbd&fitNumber=${fitNumbers.bgnbd}&asOfTime=${asOfTime}&horizonDays=364`);
  assert.equal(value.predicted.repeatCount, 26);
  near(value.predicted.probabilityActive, gold.published_values.bgnbd_palive_1516, 1e-5, 'P(alive) of 1516');
  const orders = gold.published_values.bgnbd_cet[1];
  near(value.predicted.expectedPurchases, orders.value, orders.tol / orders.value, 'expected purchases of 1516 in 52 weeks');
  near(value.churnProbability, 1 - value.predicted.probabilityActive, 1e-9, 'churn');
  assert.equal(value.definition.currencyCode, 'USD');
});

async function contactOf(customer) {
  const resolved = await ok('POST', '/v1/contacts:resolve',
    { sets: [{ identities: [{ kind: 'IDENTITY_KIND_STORE_CUSTOMER', storeId: 'cdnow', value: customer }] }] });
  return resolved.contacts[0].contactId;
}

test('cohorts by month of the first order add up', { skip: skipWithoutData, timeout: 120_000 }, async () => {
  const cohorts = await ok('GET', '/v1/cohorts/retention?modelId=bgnbd&fromMonth=1997-01&toMonth=1997-03');
  assert.equal(cohorts.cohorts.length, 3, 'everybody came in the first three months of 1997');
  assert.equal(cohorts.cohorts.reduce((sum, cohort) => sum + Number(cohort.customerCount), 0), gold.cdnow_facts.customers);
  for (const cohort of cohorts.cohorts) assert.equal(cohort.activeCounts[0], cohort.customerCount, 'in the first month all are active');
});

test('the command line shows values, fits and cohorts', { skip: skipWithoutData, timeout: 120_000 }, async () => {
  await eventually('the list is made', async () => /^[0-9a-f]{8}-/.test((await suite.cli(['value', 'top', '--model', 'bgnbd'])).stdout.split('\n')[2] ?? ''), 60);
  for (const args of [['value', 'top', '--model', 'bgnbd'], ['value', 'model', '--model', 'bgnbd'], ['value', 'fit', '--model', 'bgnbd', '--as-of', '1998-06-30'], ['value', 'fits', '--model', 'bgnbd'], ['value', 'models'],
    ['value', 'cohorts', '--model', 'bgnbd', '--from', '1997-01', '--to', '1997-12'], ['value', 'contact', await contactOf('1516'), '--model', 'bgnbd']]) {
    const shown = await suite.cli(args);
    assert.equal(shown.code, 0, `${args.join(' ')}: ${shown.stderr}`);
    assert.ok(shown.stdout.trim().split('\n').length > 3, shown.stdout);
  }
});
