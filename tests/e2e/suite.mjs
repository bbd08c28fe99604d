// Starts the whole suite as an operator would (deploy/run), on free ports and in a folder of its own, and talks to it.
import { execFile, spawn, execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const bin = process.env.ESNAF_BIN ?? path.join(root, 'build/release/bin');
// Public data sets with published results; absent on most machines, and then the tests that need them say so.
export const data = process.env.ESNAF_DATA ?? path.resolve(root, '../shared/data');
export const hasData = existsSync(path.join(data, 'orders/gold.json'));
export const skipWithoutData = hasData ? false : `SKIPPED LOUDLY: no public data sets in ${data} (set ESNAF_DATA)`;

const listens = (port) =>
  new Promise((resolve) => {
    const server = net.createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

async function freePortBase() {
  for (let tries = 0; tries < 200; ++tries) {
    const base = 20000 + Math.floor(Math.random() * 20000);
    const free = await Promise.all([0, 1, 2, 3, 4, 5, 10].map((offset) => listens(base + offset)));
    if (free.every(Boolean)) return base;
  }
  throw new Error('no free ports');
}

export class Suite {
  static async start(options = {}) {
    const suite = new Suite();
    suite.folder = mkdtempSync(path.join(tmpdir(), 'esnaf-e2e-'));
    // Postgres runs as a user of its own where this runs as root, and must get in.
    chmodSync(suite.folder, 0o711);
    suite.data = path.join(suite.folder, 'data');
    suite.base = await freePortBase();
    await suite.up(options);
    return suite;
  }

  get grpcAddress() { return `127.0.0.1:${this.base}`; }
  get url() { return `http://127.0.0.1:${this.base + 10}`; }
  get adminKey() { return readFileSync(path.join(this.data, 'admin.key'), 'utf8').trim(); }

  async up({ demo = false } = {}) {
    const args = ['--data', this.data, '--port-base', String(this.base), '--bin', bin, '--detach'];
    if (demo) args.push('--demo');
    this.startOutput = execFileSync(path.join(root, 'deploy/run'), args, { encoding: 'utf8', timeout: 600_000 });
    // Waiting as above, nobody has noticed yet that connections to an earlier suite are closed.
    await new Promise((done) => setTimeout(done, 50));
  }

  down() {
    return execFileSync(path.join(root, 'deploy/run'), ['--data', this.data, '--stop'], { encoding: 'utf8', timeout: 60_000 });
  }

  stop() {
    try {
      this.down();
    } finally {
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  pid(name) { return Number(readFileSync(path.join(this.data, 'run', `${name}.pid`), 'utf8')); }

  log(name) { return readFileSync(path.join(this.data, 'log', `${name}.log`), 'utf8'); }

  // Kills a process of the suite as a crash would, and answers its pid.
  kill(name) {
    const pid = this.pid(name);
    process.kill(pid, 'SIGKILL');
    return pid;
  }

  // Calls the HTTP API; answers {status, body, headers}.
  async http(method, route, body, { key = this.adminKey, headers = {} } = {}) {
    const response = await fetch(this.url + route, {
      method,
      headers: { ...(key ? { authorization: `Bearer ${key}` } : {}), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    let parsed = text;
    try {
      parsed = JSON.parse(text);
    } catch {
      // Not JSON: the text is the answer.
    }
    return { status: response.status, body: parsed, headers: response.headers };
  }

  // Runs the command line; answers {code, stdout, stderr}.
  cli(args, { key = this.adminKey, env = {} } = {}) {
    return new Promise((resolve) => {
      execFile(path.join(bin, 'esnaf'), args,
        { env: { ...process.env, ESNAF_ADDRESS: this.grpcAddress, ESNAF_KEY: key, XDG_STATE_HOME: path.join(this.folder, 'state'), ...env }, maxBuffer: 1 << 28 },
        (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr }));
    });
  }

  // Starts the command line and answers its process.
  spawnCli(args, { env = {} } = {}) {
    return spawn(path.join(bin, 'esnaf'), args, {
      env: { ...process.env, ESNAF_ADDRESS: this.grpcAddress, ESNAF_KEY: this.adminKey, XDG_STATE_HOME: path.join(this.folder, 'state'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  async createStore(id, currencyCode, timeZone = 'Europe/Istanbul') {
    const answer = await this.http('POST', '/v1/stores', { id, displayName: id, currencyCode, timeZone });
    if (answer.status !== 200) throw new Error(`cannot create store ${id}: ${JSON.stringify(answer.body)}`);
    return answer;
  }
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Asks until `done` answers something true; fails with `what` after the time.
export async function eventually(what, done, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await done();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(100);
  }
}
