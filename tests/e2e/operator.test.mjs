// What an operator meets: start, stop, start again, wrong options, crashes, and database roles that see only their own schema.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Suite, bin, eventually, root } from './suite.mjs';

let suite;
before(async () => { suite = await Suite.start(); });
after(() => suite?.stop());

const run = (...args) => spawnSync(path.join(root, 'deploy/run'), args, { encoding: 'utf8' });

test('wrong options are refused by name', () => {
  for (const args of [['--frobnicate'], ['--port-base', 'abc'], ['--port-base'], ['--port-base', '80']]) {
    const answer = run(...args);
    assert.equal(answer.status, 2, args.join(' '));
    assert.ok(answer.stderr.includes(args[0]), answer.stderr);
  }
});

test('a second start in the same folder and a start on taken ports are refused', () => {
  const second = run('--data', suite.data, '--port-base', String(suite.base), '--bin', bin);
  assert.equal(second.status, 1);
  assert.match(second.stderr, /is running/);
  const taken = run('--data', path.join(suite.folder, 'other'), '--port-base', String(suite.base), '--bin', bin);
  assert.equal(taken.status, 1);
  assert.match(taken.stderr, /in use/);
});

test('secrets are readable by their owner alone and stand in no log', () => {
  assert.equal(statSync(path.join(suite.data, 'admin.key')).mode & 0o777, 0o600);
  const secrets = [suite.adminKey];
  for (const name of ['contacts', 'orders', 'segmentation', 'attribution', 'support', 'gateway', 'postgres']) {
    secrets.push(readFileSync(path.join(suite.data, 'secrets', `${name}.password`), 'utf8').trim());
  }
  for (const name of ['contacts', 'orders', 'segmentation', 'attribution', 'support', 'gateway', 'suite']) {
    const log = suite.log(name);
    for (const secret of secrets) assert.ok(!log.includes(secret), `${name}.log holds a secret`);
  }
  const processes = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
  for (const secret of secrets) assert.ok(!processes.includes(secret), 'a command line holds a secret');
});

test('a killed service and a killed Postgres come back by themselves', async () => {
  for (const name of ['contacts', 'gateway', 'postgres', 'orders', 'segmentation', 'attribution', 'support']) {
    const old = suite.kill(name);
    await eventually(`${name} is restarted`, () => suite.pid(name) !== old, 30);
    await eventually(`the suite answers after ${name} was killed`, async () => {
      try {
        return (await suite.http('GET', '/v1/contacts')).status === 200 && (await suite.http('GET', '/v1/orders')).status === 200 &&
          (await suite.http('GET', '/v1/rfm/policies')).status === 200;
      } catch {
        return false;
      }
    }, 60);
  }
});

test('every database role is refused on every other schema', () => {
  const roles = ['contacts', 'orders', 'segmentation', 'attribution', 'support', 'gateway'];
  const psql = (role, sql) => {
    const connection = readFileSync(path.join(suite.data, 'secrets', `${role}.database`), 'utf8').trim();
    const env = Object.fromEntries([...connection.matchAll(/(\w+)=(?:'([^']*)'|(\S+))/g)].map((m) => [m[1], m[2] ?? m[3]]));
    return spawnSync('psql', ['-X', '-At', '-c', sql], { encoding: 'utf8',
      env: { ...process.env, PGHOST: env.host, PGDATABASE: env.dbname, PGUSER: env.user, PGPASSWORD: env.password } });
  };
  for (const role of roles) {
    assert.equal(psql(role, `SELECT count(*) FROM ${role}.schema_migration`).status, 0, `${role} reads its own schema`);
    for (const other of roles.filter((name) => name !== role)) {
      for (const sql of [`SELECT * FROM ${other}.schema_migration`, `INSERT INTO ${other}.schema_migration DEFAULT VALUES`,
        `CREATE TABLE ${other}.intruder (x int)`, `DROP SCHEMA ${other} CASCADE`]) {
        const answer = psql(role, sql);
        assert.notEqual(answer.status, 0, `${role}: ${sql}`);
        assert.match(answer.stderr, /permission denied|must be owner/, `${role}: ${sql}`);
      }
    }
    for (const sql of ['CREATE TABLE public.intruder (x int)', 'CREATE SCHEMA intruder', 'SELECT * FROM pg_authid', 'CREATE ROLE intruder']) {
      assert.notEqual(psql(role, sql).status, 0, `${role}: ${sql}`);
    }
  }
});

test('stop and start again keep the data; Ctrl-C stops everything cleanly', async () => {
  await suite.createStore('kept', 'TRY');
  assert.match(suite.down(), /stopped/);
  assert.equal(run('--data', suite.data, '--status').status, 3);
  const foreground = spawn(path.join(root, 'deploy/run'), ['--data', suite.data, '--port-base', String(suite.base), '--bin', bin], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  foreground.stdout.on('data', (chunk) => { output += chunk; });
  foreground.stderr.on('data', (chunk) => { output += chunk; });
  const ended = new Promise((resolve) => foreground.on('exit', (code) => resolve(code)));
  await eventually('the second start is ready', () => output.includes('Ctrl-C stops everything'), 60);
  assert.equal((await suite.http('GET', '/v1/stores/kept')).status, 200);
  foreground.kill('SIGINT');
  assert.equal(await ended, 130, output);
  assert.match(output, /stopped/);
  for (const name of ['contacts', 'orders', 'segmentation', 'attribution', 'support', 'gateway', 'postgres']) {
    const left = spawnSync('pgrep', ['-f', `${suite.data}.*${name}`], { encoding: 'utf8' });
    assert.equal(left.stdout.trim(), '', `${name} still runs`);
  }
  await suite.up();
});

const names = ['postgres', 'contacts', 'orders', 'segmentation', 'attribution', 'support', 'gateway'];
const alive = (pid) => existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';

test('what a killed launcher leaves behind is seen, ended by --stop, and replaced by the next start', async () => {
  const killLauncher = async () => {
    const pids = names.map((name) => suite.pid(name));
    const launcher = Number(readFileSync(path.join(suite.data, 'suite.pid'), 'utf8'));
    process.kill(launcher, 'SIGKILL');
    await eventually('the launcher is gone', () => run('--data', suite.data, '--status').status === 1);
    assert.ok(pids.every(alive), 'the processes go on without the launcher');
    return pids;
  };
  await suite.createStore('orphaned', 'TRY');
  const first = await killLauncher();
  const status = run('--data', suite.data, '--status');
  for (const name of names) assert.ok(status.stdout.includes(name), status.stdout);
  assert.match(suite.down(), /stopped/);
  assert.deepEqual(first.filter(alive), []);
  assert.equal(run('--data', suite.data, '--status').status, 3);

  await suite.up();
  const second = await killLauncher();
  await suite.up();
  assert.deepEqual(second.filter(alive), []);
  assert.equal(run('--data', suite.data, '--status').status, 0);
  assert.equal((await suite.http('GET', '/v1/stores/orphaned')).status, 200);
});

test('a pid that somebody else has by now is neither taken for the suite nor ended', async () => {
  suite.down();
  const stranger = spawn('sleep', ['600']);
  for (const file of ['suite.pid', ...names.map((name) => `run/${name}.pid`)]) {
    writeFileSync(path.join(suite.data, file), `${stranger.pid}\n`);
  }
  assert.equal(run('--data', suite.data, '--status').status, 3);
  assert.match(suite.down(), /not running/);
  await suite.up();
  assert.equal(run('--data', suite.data, '--status').status, 0);
  assert.ok(alive(stranger.pid));
  stranger.kill();
});

test('a service with a bad configuration does not start and says which key', () => {
  const contacts = path.join(bin, 'esnaf-contacts');
  for (const [args, key] of [[[], 'listen'], [['--listen=unix:/tmp/x.sock'], 'database'], [['--listen'], 'listen'], [['--frobnicate=1'], 'frobnicate'],
    [['--listen=unix:/tmp/x.sock', '--database=host=/nowhere', '--workers=many'], 'workers']]) {
    const answer = spawnSync(contacts, args, { encoding: 'utf8', timeout: 20_000 });
    assert.equal(answer.status, 2, `${args}: ${answer.stderr}`);
    assert.ok(answer.stderr.includes(key), `${args}: ${answer.stderr}`);
  }
});
