// A real browser without a window, driven over the DevTools protocol through a pipe: no library, nothing downloaded.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

// A name that is not that of a bot: a browser without a window gives itself away by its own.
export const personsBrowser = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

export class Browser {
  static async start() {
    const browser = new Browser();
    browser.profile = mkdtempSync(path.join(tmpdir(), 'esnaf-browser-'));
    browser.process = spawn(process.env.ESNAF_CHROMIUM ?? 'chromium', ['--headless=new', '--no-sandbox', '--disable-gpu',
      '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', `--user-data-dir=${browser.profile}`,
      '--remote-debugging-pipe', 'about:blank'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    browser.number = 0;
    browser.waiting = new Map();
    let rest = '';
    browser.process.stdio[4].setEncoding('utf8').on('data', (chunk) => {
      const messages = (rest + chunk).split('\0');
      rest = messages.pop();
      for (const text of messages) browser.take(JSON.parse(text));
    });
    await browser.send('Browser.getVersion');
    return browser;
  }

  take(message) {
    const waiting = this.waiting.get(message.id);
    if (!waiting) return;
    this.waiting.delete(message.id);
    if (message.error) waiting.reject(new Error(message.error.message));
    else waiting.resolve(message.result);
  }

  send(method, params = {}, sessionId = undefined) {
    const id = ++this.number;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  // A tab of a person of their own, with a cookie jar that no other has.
  async person({ userAgent = personsBrowser } = {}) {
    const { browserContextId } = await this.send('Target.createBrowserContext');
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank', browserContextId });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const tab = {
      run: (method, params) => this.send(method, params, sessionId),
      // Opens an address and waits until the page's script has come.
      open: async (url, referrer) => {
        await tab.run('Page.navigate', { url, referrer, referrerPolicy: 'unsafeUrl' });
        for (let tries = 0; tries < 200; ++tries) {
          // Between two pages there may be none to ask.
          if (await tab.eval('location.href + document.readyState').catch(() => '') === `${url}complete`) return;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        throw new Error(`${url} did not load`);
      },
      leave: () => tab.run('Page.navigate', { url: 'about:blank' }),
      eval: async (expression) => {
        const answer = await tab.run('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
        if (answer.exceptionDetails) throw new Error(JSON.stringify(answer.exceptionDetails));
        return answer.result.value;
      },
    };
    await tab.run('Page.enable');
    if (userAgent) await tab.run('Network.setUserAgentOverride', { userAgent });
    return tab;
  }

  async stop() {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.send('Browser.close').catch(() => {});
    await ended;
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
