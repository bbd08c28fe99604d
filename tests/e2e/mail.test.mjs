// E-mail in and out against real servers on loopback: Debian's dovecot for IMAP, run in a folder of its own by no root, and a
// small SMTP server. A thread becomes one ticket, broken and huge mails hold up nothing, and files come down as downloads.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Suite, eventually } from './suite.mjs';

const dovecotProgram = '/usr/sbin/dovecot';
const skip = existsSync(dovecotProgram) ? false : 'SKIPPED LOUDLY: no dovecot (tests/packages)';
const asRoot = process.getuid() === 0;
// Dovecot serves no root; `nobody` is there on every machine.
const owner = asRoot ? { user: 'nobody', uid: 65534, gid: 65534 } : { user: execFileSync('id', ['-un'], { encoding: 'utf8' }).trim() };

let suite, smtp, dovecot, folder, imapPort;
const received = [];

// Takes every mail but those for refused@…; answers one a connection at a time.
function startSmtp() {
  return new Promise((resolve) => {
    const server = net.createServer((socket) => {
      let buffer = '', data = null, to = '';
      const say = (line) => socket.write(`${line}\r\n`);
      say('220 test');
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        buffer += chunk.toString('latin1');
        for (let end; (end = buffer.indexOf('\r\n')) >= 0;) {
          const line = buffer.slice(0, end);
          buffer = buffer.slice(end + 2);
          if (data !== null) {
            if (line !== '.') { data += `${line.startsWith('..') ? line.slice(1) : line}\r\n`; continue; }
            received.push({ to, text: data });
            data = null;
            say('250 taken');
          } else if (/^(EHLO|HELO)/i.test(line)) { say('250 test'); }
          else if (/^RCPT TO:/i.test(line)) {
            to = line.slice(8).trim().replace(/[<>]/g, '');
            say(to.startsWith('refused@') ? '550 no such user' : '250 ok');
          } else if (/^DATA/i.test(line)) { data = ''; say('354 go on'); }
          else if (/^QUIT/i.test(line)) { say('221 bye'); socket.end(); }
          else { say('250 ok'); }
        }
      });
    }).listen(0, '127.0.0.1', () => resolve(server));
  });
}

const freePort = () => new Promise((resolve) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => resolve(port)); });
});

async function startDovecot() {
  folder = mkdtempSync(path.join(tmpdir(), 'esnaf-dovecot-'));
  imapPort = await freePort();
  for (const name of ['run', 'state', 'mail', 'mail/new', 'mail/cur', 'mail/tmp']) mkdirSync(path.join(folder, name));
  writeFileSync(path.join(folder, 'users'), `destek:{PLAIN}gizli::::::\n`);
  writeFileSync(path.join(folder, 'dovecot.conf'), `
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = ${owner.user}
default_login_user = ${owner.user}
default_internal_group = ${asRoot ? 'nogroup' : ''}
first_valid_uid = 1
mail_location = maildir:${folder}/mail
service anvil { 
  chroot = 
}
service stats { 
  chroot = 
}
service imap-login { 
  chroot = 
  inet_listener imap { 
    port = ${imapPort}
  }
  inet_listener imaps { 
    port = 0
  }
}
passdb { 
  driver = passwd-file
  args = ${folder}/users
}
userdb { 
  driver = static
  args = uid=${asRoot ? owner.user : process.getuid()} gid=${asRoot ? 'nogroup' : process.getgid()} home=${folder}/mail
}
`.replace(asRoot ? /^$/m : /^default_internal_group.*$/m, ''));
  if (asRoot) execFileSync('chown', ['-R', `${owner.uid}:${owner.gid}`, folder]);
  dovecot = spawn(dovecotProgram, ['-F', '-c', path.join(folder, 'dovecot.conf')],
    { stdio: 'ignore', ...(asRoot ? { uid: owner.uid, gid: owner.gid } : {}) });
  await eventually('dovecot listens', () => new Promise((resolve) => {
    const socket = net.connect(imapPort, '127.0.0.1', () => { socket.destroy(); resolve(true); }).on('error', () => resolve(false));
  }));
}

let mails = 0;
// As a mail server delivers into a maildir: whole, then renamed.
function putMail(text) {
  const name = `${Date.now()}.${++mails}.test`;
  writeFileSync(path.join(folder, 'mail/tmp', name), text.replace(/\r?\n/g, '\r\n'));
  if (asRoot) chownSync(path.join(folder, 'mail/tmp', name), owner.uid, owner.gid);
  execFileSync('mv', [path.join(folder, 'mail/tmp', name), path.join(folder, 'mail/new', name)]);
}
const mailOf = (id, text, headers = '', from = 'ayse@example.com') =>
  `From: Ayse <${from}>\nTo: destek@magaza.example\nMessage-ID: <${id}@example.com>\n${headers}Subject: Kargo nerede?\n\n${text}\n`;

async function call(method, route, body) {
  const answer = await suite.http(method, route, body);
  assert.equal(answer.status, 200, `${method} ${route}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}
const tickets = async () => (await call('GET', '/v1/tickets?orderBy=number')).tickets;
const header = (mail, name) => new RegExp(`^${name}: (.*(?:\r\n[ \t].*)*)`, 'mi').exec(mail.text)?.[1].replace(/\r\n/g, '');

before(async () => {
  if (skip) return;
  suite = await Suite.start();
  await suite.createStore('tr', 'TRY');
  smtp = await startSmtp();
  await startDovecot();
  const secrets = path.join(suite.data, 'secrets/mail');
  mkdirSync(secrets, { recursive: true });
  writeFileSync(path.join(secrets, 'destek'), 'gizli\n');
  chmodSync(path.join(secrets, 'destek'), 0o600);
  await call('POST', '/v1/mailboxes', { id: 'destek', address: 'destek@magaza.example', displayName: 'Mağaza Destek', storeId: 'tr',
    imapUrl: `imap://127.0.0.1:${imapPort}`, imapUser: 'destek', imapPasswordFile: 'destek', smtpUrl: `smtp://127.0.0.1:${smtp.address().port}` });
});
after(async () => {
  const gone = dovecot && new Promise((resolve) => dovecot.once('exit', resolve));
  dovecot?.kill();
  await gone;
  smtp?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
  suite?.stop();
});

test('a thread of five mails both ways is one ticket', { skip }, async () => {
  putMail(mailOf('m1', 'Kargom gelmedi.'));
  const [ticket] = await eventually('the mail is a ticket', async () => { const all = await tickets(); return all.length && all; });
  for (const [number, text, answer] of [[2, 'Bakıyoruz.', 'Teşekkürler.'], [3, 'Yolda.', 'Geldi!']]) {
    await call('POST', `/v1/tickets/${ticket.id}:reply`, { message: { text } });
    const sent = await eventually('the answer goes out', () => received.find((mail) => mail.to === 'ayse@example.com' && received.length === number - 1 && mail === received.at(-1)));
    assert.match(header(sent, 'From'), /destek@magaza\.example/);
    assert.match(header(sent, 'Reply-To'), /destek\+1\.[0-9a-f]{20}@magaza\.example/);
    putMail(mailOf(`m${number}`, `${answer}\n\nOn Sun, 22 Nov 2026 at 10:00 Destek <destek@magaza.example> wrote:\n> ${text}`, `In-Reply-To: ${header(sent, 'Message-ID')}\n`));
    await eventually('it is a message of the ticket', async () => (await call('GET', `/v1/tickets/${ticket.id}/messages`)).messages.at(-1).text === answer);
  }
  assert.equal((await tickets()).length, 1);
  assert.equal((await call('GET', `/v1/tickets/${ticket.id}/messages`)).messages.length, 5);
  const states = (await call('GET', `/v1/tickets/${ticket.id}/mails`)).mails.map((mail) => mail.state);
  assert.equal(states.filter((state) => state === 'OUTGOING_MAIL_STATE_SENT').length, 2);
});

test('a mail of 30 MB, a broken tree and a machine\'s answer are passed over; what comes after is taken', { skip }, async () => {
  const before = (await tickets()).length;
  putMail(mailOf('huge', 'x'.repeat(76).concat('\n').repeat(400_000)));
  putMail('From: a@b.example\n' + Array.from({ length: 3000 }, (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n`).join(''));
  putMail(mailOf('auto', 'Ofis dışındayım', 'Auto-Submitted: auto-replied\n'));
  putMail(mailOf('after', 'Sonraki', '', 'ali@example.com'));
  await eventually('the mail after them is a ticket', async () => (await tickets()).length === before + 1, 60);
  const { deadMails } = await call('GET', '/v1/mailboxes/destek/deadMails');
  assert.deepEqual(deadMails.map((mail) => mail.reason).sort(), ['MAIL_TOO_DEEP', 'MAIL_TOO_LARGE']);
});

test('a mail that the server refuses for good is noted in its ticket', { skip }, async () => {
  putMail(mailOf('r1', 'Merhaba', '', 'refused@example.com'));
  const ticket = await eventually('it is a ticket', async () => (await tickets()).find((one) => one.customFields.requester_email === 'refused@example.com'));
  await call('POST', `/v1/tickets/${ticket.id}:reply`, { message: { text: 'Buyrun' } });
  await eventually('the note', async () => (await call('GET', `/v1/tickets/${ticket.id}/messages`)).messages.at(-1).text.includes('gönderilemedi'));
});

test('the command line delivers a mail with a file, which comes down as a download', { skip }, async () => {
  const file = path.join(folder, 'piped.eml');
  writeFileSync(file, 'From: can@example.com\r\nMessage-ID: <p1@example.com>\r\nSubject: Foto\r\nContent-Type: multipart/mixed; boundary=p\r\n\r\n' +
    '--p\r\n\r\nEkte\r\n--p\r\nContent-Type: image/svg+xml; name="k\u0131r\u0131k.svg"\r\n\r\n<svg onload="alert(1)"/>\r\n--p--\r\n');
  const delivered = await suite.cli(['mail', 'deliver', 'destek', '--file', file, '-o', 'json']);
  assert.equal(delivered.code, 0, delivered.stderr);
  const { ticketId } = JSON.parse(delivered.stdout);
  const { attachments: [attachment] } = await call('GET', `/v1/tickets/${ticketId}/attachments`);
  const answer = await fetch(`${suite.url}/v1/attachments/${attachment.id}:download`, { headers: { authorization: `Bearer ${suite.adminKey}` } });
  assert.equal(await answer.text(), '<svg onload="alert(1)"/>');
  assert.equal(answer.headers.get('content-type'), 'image/svg+xml');
  assert.match(answer.headers.get('content-disposition'), /^attachment; .*filename\*=UTF-8''k%C4%B1r%C4%B1k\.svg$/);
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  assert.equal((await suite.cli(['mail', 'dead', 'destek'])).code, 0);
  assert.ok(!suite.log('support').includes('gizli'), 'no password in the log');
});
