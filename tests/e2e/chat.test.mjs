// The web chat as it is lived: a visitor's page in a real browser and an agent's streams, a connection that is cut in the middle,
// nobody there, and a bot that answers first.
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Browser } from './browser.mjs';
import { Suite, eventually } from './suite.mjs';

// Whatever stands between the browser and the gateway, and can be cut.
class Gate {
  static async start(port) {
    const gate = new Gate();
    gate.sockets = new Set();
    gate.open = true;
    gate.server = net.createServer((socket) => {
      if (!gate.open) return socket.destroy();
      const behind = net.connect(port, '127.0.0.1');
      for (const [from, to] of [[socket, behind], [behind, socket]]) {
        gate.sockets.add(from);
        from.on('error', () => {}).on('close', () => { gate.sockets.delete(from); to.destroy(); });
        from.pipe(to);
      }
    });
    await new Promise((resolve) => { gate.server.listen(0, '127.0.0.1', resolve); });
    return gate;
  }
  get url() { return `http://127.0.0.1:${this.server.address().port}`; }
  cut() {
    this.open = false;
    for (const socket of this.sockets) socket.destroy();
  }
  stop() {
    this.cut();
    this.server.close();
  }
}

// Reads a stream of server-sent events as an agent's console does; `seen` has what came.
class Reader {
  constructor(route) {
    this.seen = [];
    this.controller = new AbortController();
    this.done = this.read(route).catch((error) => { if (!this.controller.signal.aborted) this.failure = error; });
  }
  async read(route) {
    const answer = await fetch(suite.url + route, { headers: { authorization: `Bearer ${suite.adminKey}` }, signal: this.controller.signal });
    assert.equal(answer.status, 200);
    let rest = '';
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop();
      for (const block of blocks) {
        const data = block.split('\n').find((line) => line.startsWith('data: '));
        if (data) this.seen.push(JSON.parse(data.slice(6)));
      }
    }
  }
  get events() { return this.seen.map(({ event }) => event).filter(Boolean); }
  get texts() { return this.events.map(({ text }) => text).filter(Boolean); }
  async stop() {
    this.controller.abort();
    await this.done;
    assert.equal(this.failure, undefined);
  }
}

let suite, gate, browser, bot, inbox, key;
const botSecret = randomBytes(32);
const asked = [];
before(async () => {
  // The bot of the test is on this machine.
  process.env.ESNAF_CHAT_BOT_PRIVATE_ADDRESSES = 'true';
  suite = await Suite.start();
  for (const store of ['web', 'gece', 'bot']) await suite.createStore(store, 'TRY');
  gate = await Gate.start(suite.base + 10);
  bot = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => { body += chunk; }).on('end', () => {
      asked.push({ headers: request.headers, body });
      const { text } = JSON.parse(body).data;
      // One that never answers.
      if (text === 'uyu') return;
      const answer = text === 'İnsan' ? { reply: 'Sizi aktarıyorum', hand_over: true } : { reply: `Duydum: ${text}`, suggestions: ['İnsan', 'Kargo'] };
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise((resolve) => { bot.listen(0, '127.0.0.1', resolve); });
  mkdirSync(path.join(suite.data, 'secrets/chat'), { recursive: true });
  writeFileSync(path.join(suite.data, 'secrets/chat/bot'), `whsec_${botSecret.toString('base64')}\n`);
  key = (await call('POST', '/v1/apiKeys', { displayName: 'chat', kind: 'API_KEY_KIND_PUBLISHABLE', scopes: ['chats.write'] })).secret;
  await call('PATCH', '/v1/chatSettings/web', { enabled: true, team: 'destek' });
  await call('PATCH', '/v1/chatSettings/gece', { enabled: true, english: { offline: 'The shop sleeps.' } });
  await call('PATCH', '/v1/chatSettings/bot', { enabled: true, team: 'destek', botUrl: `http://127.0.0.1:${bot.address().port}/`, botSecretFile: 'bot', botTimeoutMs: 1000 });
  await eventually('the key is known', async () => (await welcome('web')).status === 200);
  inbox = new Reader('/v1/chats:watch?storeId=web');
  await eventually('an agent is there', async () => (await welcome('web')).body.online);
  browser = await Browser.start();
});
after(async () => {
  await inbox?.stop();
  await browser?.stop();
  bot?.closeAllConnections();
  bot?.close();
  gate?.stop();
  await suite?.stop();
});

const welcome = (store) => suite.http('GET', `/v1/chatWelcome?storeId=${store}`, undefined, { key });
async function call(method, route, body) {
  const answer = await suite.http(method, route, body);
  assert.equal(answer.status, 200, `${method} ${route}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}
const send = (id, text) => call('POST', `/v1/chats/${id}:send`, { text });

// The page of a store's chat, of a person of its own.
async function visit(store, query = '&lang=tr') {
  const tab = await browser.person();
  await tab.open(`${gate.url}/chat/${store}?key=${key}${query}`);
  const within = (expression) => tab.eval(`(() => { const root = document.getElementById('esnaf-chat').shadowRoot; return ${expression}; })()`);
  const press = async (name, code) => {
    for (const type of ['keyDown', 'keyUp']) await tab.run('Input.dispatchKeyEvent', { type, key: name, code: name, windowsVirtualKeyCode: code, ...(type === 'keyDown' && name === 'Enter' ? { text: '\r' } : {}) });
  };
  return {
    tab,
    within,
    press,
    said: () => within("[...root.querySelectorAll('.log li')].map((item) => item.querySelector('.text').textContent)"),
    write: async (text) => {
      await within("(root.getElementById('text').focus(), true)");
      await tab.run('Input.insertText', { text });
      await press('Enter', 13);
    },
  };
}
// The chat in which this was said first.
const chatOf = (text) => eventually(`the chat about ${text}`, async () => {
  const { chats } = await call('GET', '/v1/chats');
  for (const chat of chats) if ((await call('GET', `/v1/tickets/${chat.id}`)).subject === text) return chat;
  return null;
});

test('a visitor and an agent talk by keyboard and stream, and it is one ticket', async () => {
  const page = await visit('web');
  await eventually('the greeting', async () => (await page.said()).includes('Merhaba, size nasıl yardımcı olabiliriz?'));
  assert.deepEqual(await page.within("(({ role, ariaLive }) => [role, ariaLive])(root.querySelector('.log'))"), ['log', 'polite']);
  assert.equal(await page.within("root.querySelector('label[for=text]').textContent"), 'Mesajınız');
  assert.equal(await page.tab.eval('localStorage.length'), 0);
  await page.write('Kargom <b>nerede</b>?');
  const chat = await chatOf('Kargom <b>nerede</b>?');
  assert.equal(chat.state, 'CHAT_STATE_WAITING');
  await eventually('the inbox', () => inbox.seen.some((update) => update.chat?.id === chat.id));
  const agent = new Reader(`/v1/chats/${chat.id}:watch`);
  await eventually("the agent's stream", () => agent.events.length > 0);
  await call('POST', `/v1/chats/${chat.id}:take`, {});
  await send(chat.id, 'Bakıyorum & dönüyorum');
  await eventually('the answer', async () => (await page.said()).includes('Bakıyorum & dönüyorum'));
  // What is written stays text.
  assert.equal(await page.within("root.querySelector('.log b')"), null);
  await page.within("(root.getElementById('text').dispatchEvent(new Event('input')), true)");
  await eventually('the visitor types', () => agent.seen.some(({ signal }) => signal?.typing));
  await eventually('the visitor has read it', () => agent.seen.some(({ signal }) => Number(signal?.readSequence) >= 3));
  await call('POST', `/v1/chats/${chat.id}:signal`, { typing: true, readSequence: '1' });
  await eventually('the agent types', async () => await page.within("root.getElementById('status').textContent") === 'Yazıyor…');
  await eventually('the agent has read it', () => page.within("root.querySelector('.own .mark').textContent === 'Okundu'"));
  // A page that is loaded again has all of it.
  await page.tab.run('Page.reload');
  await eventually('the talk after loading again', async () => (await page.said().catch(() => [])).includes('Bakıyorum & dönüyorum'));
  await call('POST', `/v1/chats/${chat.id}:close`, {});
  await eventually('the end', async () => await page.within("root.getElementById('status').textContent") === 'Sohbet sona erdi.');
  assert.equal(await page.within("root.getElementById('again').hidden"), false);
  const ticket = await call('GET', `/v1/tickets/${chat.id}`);
  assert.equal(ticket.state, 'TICKET_STATE_SOLVED');
  assert.equal(ticket.channel, 'CHANNEL_WEB_CHAT');
  const { messages } = await call('GET', `/v1/tickets/${chat.id}/messages`);
  assert.deepEqual(messages.map(({ text }) => text), ['Kargom <b>nerede</b>?', 'Bakıyorum & dönüyorum']);
  await agent.stop();
});

test('a connection that is cut is taken up again without loss or repetition', async () => {
  const page = await visit('web');
  await page.write('İlk');
  const chat = await chatOf('İlk');
  const agent = new Reader(`/v1/chats/${chat.id}:watch`);
  const expected = ['İlk'];
  for (let round = 1; round <= 3; ++round) {
    await send(chat.id, `önce ${round}`);
    await eventually('what came before the cut', async () => (await page.said()).includes(`önce ${round}`));
    gate.cut();
    for (let i = 1; i <= 3; ++i) await send(chat.id, `kesik ${round}-${i}`);
    await page.write(`ziyaretçi ${round}-1`);
    await page.write(`ziyaretçi ${round}-2`);
    gate.open = true;
    await eventually('what came meanwhile', async () => (await page.said()).includes(`kesik ${round}-3`), 60);
    await eventually('what the visitor wrote meanwhile', () => agent.texts.includes(`ziyaretçi ${round}-2`), 60);
    expected.push(`önce ${round}`, ...[1, 2, 3].map((i) => `kesik ${round}-${i}`), `ziyaretçi ${round}-1`, `ziyaretçi ${round}-2`);
  }
  assert.deepEqual(agent.texts, expected);
  assert.deepEqual(agent.events.map(({ sequence }) => Number(sequence)), agent.events.map((_, i) => i + 1));
  const theirs = (texts) => texts.filter((text) => /^(önce|kesik)/.test(text));
  assert.deepEqual(theirs(await page.said()), theirs(expected));
  const own = (await page.said()).filter((text) => /^(İlk|ziyaretçi)/.test(text));
  assert.deepEqual(own, expected.filter((text) => /^(İlk|ziyaretçi)/.test(text)));
  await agent.stop();
});

test('where nobody is there the visitor is told, leaves an address, and has a ticket', async () => {
  const page = await visit('gece', '&lang=en');
  await page.write('Is my order on its way?');
  await eventually('the news', async () => (await page.said()).includes('The shop sleeps.'));
  const chat = await chatOf('Is my order on its way?');
  assert.equal(chat.state, 'CHAT_STATE_MISSED');
  await page.within("(root.getElementById('email').focus(), true)");
  await page.tab.run('Input.insertText', { text: 'ayse@example.com' });
  await page.press('Enter', 13);
  await eventually('thanks', async () => (await page.said()).includes('Thank you, we will write to you by e-mail.'));
  const ticket = await eventually('the requester', async () => {
    const found = await call('GET', `/v1/tickets/${chat.id}`);
    return found.contactId && found;
  });
  assert.equal(ticket.state, 'TICKET_STATE_NEW');
  const { openTickets } = await call('GET', `/v1/contacts/${ticket.contactId}/supportSummary`);
  assert.deepEqual(openTickets.map(({ id }) => id), [chat.id]);
});

test('a bot answers first, by a signed request, and hands over to people', async () => {
  const page = await visit('bot');
  await page.write('Merhaba');
  await eventually("the bot's answer", async () => (await page.said()).includes('Duydum: Merhaba'));
  const { headers, body } = asked[0];
  const signature = createHmac('sha256', botSecret).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`).digest('base64');
  assert.equal(headers['webhook-signature'], `v1,${signature}`);
  const chat = await chatOf('Merhaba');
  assert.equal(chat.state, 'CHAT_STATE_BOT');
  assert.equal((await call('GET', `/v1/tickets/${chat.id}`)).state, 'TICKET_STATE_PENDING_CUSTOMER');
  await page.within("([...root.querySelectorAll('.ideas button')].find((button) => button.textContent === 'İnsan').click(), true)");
  await eventually('the farewell', async () => (await page.said()).includes('Sizi aktarıyorum'));
  await eventually('people are asked', async () => (await call('GET', `/v1/chats/${chat.id}`)).state === 'CHAT_STATE_MISSED');
  const ticket = await call('GET', `/v1/tickets/${chat.id}`);
  assert.equal(ticket.team, 'destek');
  assert.equal(ticket.state, 'TICKET_STATE_OPEN');
  assert.equal(asked.length, 2);
});

test('a bot that does not answer in time hands over by that', async () => {
  const page = await visit('bot');
  await page.write('uyu');
  const chat = await chatOf('uyu');
  await eventually('people are asked', async () => (await call('GET', `/v1/chats/${chat.id}`)).state === 'CHAT_STATE_MISSED');
  await eventually('the visitor is told', async () => (await page.said()).some((text) => text.startsWith('Şu anda kimse yok.')));
});

test("the shop's own pages have the chat behind a button, under a strict policy and a key of their own", async () => {
  const shop = http.createServer((request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.setHeader('content-security-policy', `default-src 'none'; script-src ${gate.url}; connect-src ${gate.url}`);
    response.end(`<!doctype html><html lang="en"><title>Shop</title><body><script async src="${gate.url}/esnaf-chat.js" data-key="${shop.key}" data-store="web"></script></body></html>`);
  });
  await new Promise((resolve) => { shop.listen(0, '127.0.0.1', resolve); });
  try {
    const origin = `http://127.0.0.1:${shop.address().port}`;
    shop.key = (await call('POST', '/v1/apiKeys', { displayName: 'shop', kind: 'API_KEY_KIND_PUBLISHABLE', scopes: ['chats.write'],
      storeIds: ['web'], allowedOrigins: [origin] })).secret;
    await eventually('the key is known', async () => (await suite.http('GET', '/v1/chatWelcome?storeId=web', undefined,
      { key: shop.key, headers: { origin } })).status === 200);
    const tab = await browser.person();
    await tab.open(`${origin}/`);
    const within = (expression) => tab.eval(`(() => { const root = document.getElementById('esnaf-chat').shadowRoot; return ${expression}; })()`);
    await eventually('the button', () => within("root.querySelector('.launch').textContent === 'Open the chat'").catch(() => false));
    assert.equal(await within("root.querySelector('.panel').hidden"), true);
    await within("(root.querySelector('.launch').click(), true)");
    assert.equal(await within("root.activeElement.id"), 'text');
    await eventually('the greeting', () => within("root.querySelector('.log').textContent.includes('Hello, how can we help you?')"));
    await tab.run('Input.insertText', { text: 'From the shop' });
    await within("(root.getElementById('send').click(), true)");
    const chat = await chatOf('From the shop');
    assert.equal(chat.page, `${origin}/`);
    assert.equal(chat.locale, 'en');
    await send(chat.id, 'Welcome');
    await eventually('the answer', () => within("root.querySelector('.log').textContent.includes('Welcome')"));
    await tab.run('Input.dispatchKeyEvent', { type: 'keyDown', key: 'Escape', code: 'Escape', windowsVirtualKeyCode: 27 });
    await eventually('the button has the focus', () => within("root.querySelector('.panel').hidden && root.activeElement === root.querySelector('.launch')"));
    assert.match((await suite.cli(['chats', 'list'])).stdout, /active/);
  } finally {
    shop.close();
  }
});
