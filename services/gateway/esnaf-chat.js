// The shop's chat with its visitors. No dependencies; a page loads it by
//
//   <script async src="https://crm.example/esnaf-chat.js" data-key="esk_…" data-store="web"></script>
//
// where the key is a publishable one with the scope `chats.write`, limited to the shop's origins. `data-locale` is `tr` or
// `en`, else the page's language counts; `data-endpoint` is where the gateway is, else where the script comes from. On the
// gateway's own page /chat/{store}?key=… it fills the page. Nothing is kept in the browser before the visitor writes; then
// the chat's id and token are, so that he finds it again. Everything lives in a shadow tree whose styles are set by
// script, so a page's content policy needs no more than this script and connections to the gateway.
(function () {
  'use strict';
  var script = document.currentScript;
  if (!script || document.getElementById('esnaf-chat')) return;
  var address = new URLSearchParams(script.hasAttribute('data-page') ? location.search : '');
  var key = script.getAttribute('data-key') || address.get('key') || '';
  var store = script.getAttribute('data-store') || '';
  var base = script.getAttribute('data-endpoint') || new URL(script.src).origin;
  var whole = script.hasAttribute('data-page');
  var asked = script.getAttribute('data-locale') || address.get('lang') || (whole ? navigator.language : document.documentElement.lang) || 'tr';
  var locale = asked.slice(0, 2).toLowerCase() === 'en' ? 'en' : 'tr';
  var words = {
    tr: { title: 'Canlı destek', open: 'Sohbeti aç', minimize: 'Küçült', end: 'Sohbeti bitir', send: 'Gönder', write: 'Mesajınız',
      name: 'Adınız (isteğe bağlı)', email: 'E-posta adresiniz', keep: 'Kaydet', kept: 'Teşekkürler, size e-posta ile yazacağız.',
      you: 'Siz', agent: 'Destek', bot: 'Sanal asistan', system: 'Bilgi', typing: 'Yazıyor…', read: 'Okundu', sending: 'Gönderiliyor…',
      failed: 'Gönderilemedi', lost: 'Bağlantı koptu, yeniden bağlanılıyor…', waiting: 'Bir temsilci bekleniyor…', active: 'sohbete katıldı',
      closed: 'Sohbet sona erdi.', again: 'Yeni sohbet başlat', away: 'Şu anda kimse çevrim içi değil; mesaj bırakabilirsiniz.',
      none: 'Sohbet şu anda kapalı.', trouble: 'Bir sorun oluştu, lütfen yeniden deneyin.', suggestions: 'Öneriler', messages: 'Mesajlar' },
    en: { title: 'Live chat', open: 'Open the chat', minimize: 'Minimize', end: 'End the chat', send: 'Send', write: 'Your message',
      name: 'Your name (optional)', email: 'Your e-mail address', keep: 'Save', kept: 'Thank you, we will write to you by e-mail.',
      you: 'You', agent: 'Support', bot: 'Virtual assistant', system: 'Notice', typing: 'Typing…', read: 'Read', sending: 'Sending…',
      failed: 'Not sent', lost: 'The connection was lost, connecting again…', waiting: 'Waiting for an agent…', active: 'joined the chat',
      closed: 'The chat has ended.', again: 'Start a new chat', away: 'Nobody is online at the moment; you can leave a message.',
      none: 'The chat is closed at the moment.', trouble: 'Something went wrong, please try again.', suggestions: 'Suggestions', messages: 'Messages' }
  }[locale];
  var styles = ':host{all:initial;font:16px/1.5 system-ui,sans-serif;color:#1b1b1b}*{box-sizing:border-box;font:inherit}[hidden]{display:none!important}' +
    'button{cursor:pointer;border:2px solid #1a4fa0;border-radius:.4rem;background:#fff;color:#1a4fa0;min-height:2.75rem;padding:0 .8rem}' +
    'button.main{background:#1a4fa0;color:#fff}:focus-visible{outline:3px solid #b35c00;outline-offset:2px}' +
    '.launch{position:fixed;right:1rem;bottom:1rem;z-index:2147483000;background:#1a4fa0;color:#fff;border-radius:2rem}' +
    '.panel{display:flex;flex-direction:column;background:#fff;border:1px solid #767676;border-radius:.5rem}' +
    '.float{position:fixed;right:1rem;bottom:4.5rem;z-index:2147483000;width:min(22rem,calc(100vw - 2rem));height:min(34rem,calc(100vh - 6rem))}' +
    '.whole{max-width:44rem;height:calc(100vh - 2rem);margin:1rem auto}header{display:flex;gap:.5rem;align-items:center;padding:.5rem .8rem;border-bottom:1px solid #767676}' +
    'h2{flex:1;margin:0;font-weight:700}.log{flex:1;overflow:auto;padding:.8rem;margin:0;list-style:none}.log li{margin:0 0 .6rem;overflow-wrap:anywhere}' +
    '.who{display:block;font-size:.85rem;color:#444}.text{white-space:pre-wrap}.own{text-align:right}.own .text{display:inline-block;background:#e3ecfa;padding:.3rem .6rem;border-radius:.5rem;text-align:left}' +
    '.note{color:#444;font-style:italic}.state{min-height:1.5rem;margin:0;padding:0 .8rem;color:#444;font-size:.9rem}.ideas{display:flex;flex-wrap:wrap;gap:.4rem;padding:0 .8rem .4rem}' +
    'form{display:flex;flex-direction:column;gap:.4rem;padding:.5rem .8rem .8rem;border-top:1px solid #767676}input,textarea{width:100%;border:1px solid #767676;border-radius:.4rem;padding:.4rem;background:#fff;color:inherit}' +
    'textarea{resize:none;height:4.5rem}label{font-size:.9rem}';

  var slot = 'esnaf_chat_' + store;
  var chat = null;         // {id, token}
  var last = 0;            // the number of the last event that is shown
  var pending = [];        // what is not yet sent: {id, text, item}
  var sending = false;
  var own = {};            // what was shown before its event came, by client id
  var source = null;
  var trouble = 0;         // cuts in a row
  var readSent = 0;
  var typingSent = 0;
  var typingTimer = 0;
  var opened = whole;
  var state = '';

  function id() {
    if (window.crypto && crypto.randomUUID) return crypto.randomUUID();
    var bytes = new Uint8Array(16);
    crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (b) { return (b + 256).toString(16).slice(1); }).join('');
  }
  function remembered() {
    try { return JSON.parse(localStorage.getItem(slot)); } catch (e) { return null; }
  }
  function remember(value) {
    try {
      if (value) localStorage.setItem(slot, JSON.stringify(value)); else localStorage.removeItem(slot);
    } catch (e) { /* the browser keeps nothing: the chat lasts as long as the page */ }
  }

  // Text only: nothing that somebody writes becomes markup.
  function make(tag, attributes, text) {
    var element = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) { element.setAttribute(name, attributes[name]); });
    if (text !== undefined) element.textContent = text;
    return element;
  }
  var host = make('div', { id: 'esnaf-chat', lang: locale });
  var root = host.attachShadow({ mode: 'open' });
  if ('adoptedStyleSheets' in root) {
    var sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
    root.adoptedStyleSheets = [sheet];
  } else {
    root.appendChild(make('style', {}, styles));
  }
  var launch = make('button', { type: 'button', 'class': 'launch', 'aria-expanded': 'false' }, words.open);
  var panel = make('section', { 'class': 'panel ' + (whole ? 'whole' : 'float'), 'aria-label': words.title });
  var header = make('header');
  var end = make('button', { type: 'button', id: 'end' }, words.end);
  var minimize = make('button', { type: 'button', id: 'minimize' }, words.minimize);
  var log = make('ol', { 'class': 'log', role: 'log', 'aria-live': 'polite', 'aria-label': words.messages, tabindex: '0' });
  var status = make('p', { 'class': 'state', role: 'status', id: 'status' });
  var ideas = make('div', { 'class': 'ideas', role: 'group', 'aria-label': words.suggestions });
  var emailForm = make('form', { id: 'email-form' });
  var email = make('input', { id: 'email', type: 'email', autocomplete: 'email', required: '' });
  var form = make('form', { id: 'form' });
  var nameLabel = make('label', { 'for': 'name' }, words.name);
  var name = make('input', { id: 'name', autocomplete: 'name', maxlength: '100' });
  var text = make('textarea', { id: 'text', maxlength: '1500', required: '' });
  var again = make('button', { type: 'button', 'class': 'main', id: 'again' }, words.again);
  header.appendChild(make('h2', {}, words.title));
  header.appendChild(end);
  if (!whole) header.appendChild(minimize);
  emailForm.appendChild(make('label', { 'for': 'email' }, words.email));
  emailForm.appendChild(email);
  emailForm.appendChild(make('button', { type: 'submit' }, words.keep));
  form.appendChild(nameLabel);
  form.appendChild(name);
  form.appendChild(make('label', { 'for': 'text' }, words.write));
  form.appendChild(text);
  form.appendChild(make('button', { type: 'submit', 'class': 'main', id: 'send' }, words.send));
  [header, log, status, ideas, emailForm, form, again].forEach(function (part) { panel.appendChild(part); });
  root.appendChild(panel);
  if (!whole) root.appendChild(launch);

  function arrange() {
    panel.hidden = !opened;
    launch.setAttribute('aria-expanded', String(opened));
    end.hidden = !chat || state === 'CLOSED';
    nameLabel.hidden = name.hidden = Boolean(chat);
    again.hidden = state !== 'CLOSED';
    form.hidden = state === 'CLOSED' || state === 'NONE';
  }
  function say(message) { status.textContent = message; }
  function post(path, body) {
    return fetch(base + path, { method: 'POST', credentials: 'omit',
      headers: { 'Content-Type': 'application/json', 'Authorization': 'Bearer ' + key }, body: JSON.stringify(body) })
      .then(function (answer) {
        if (answer.ok) return answer.json();
        var error = new Error('HTTP ' + answer.status);
        error.status = answer.status;
        return answer.json().catch(function () { return {}; }).then(function (body) {
          ((body.error || {}).details || []).forEach(function (detail) { error.reason = detail.reason || error.reason; });
          throw error;
        });
      });
  }
  // Whether the same may go well a little later. 409 is also what was cut off by another call, and 499 what was cancelled.
  function mayPass(error) {
    if (error.reason === 'IDEMPOTENCY_KEY_REUSED') return false;
    return !error.status || [408, 409, 429, 499].indexOf(error.status) >= 0 || error.status >= 500;
  }

  function line(kind, who, what) {
    var item = make('li', { 'class': kind });
    if (who) item.appendChild(make('span', { 'class': 'who' }, who));
    item.appendChild(make('span', { 'class': 'text' }, what));
    log.appendChild(item);
    log.scrollTop = log.scrollHeight;
    return item;
  }
  function mark(item, what) {
    var note = item.querySelector('.mark');
    if (!note) {
      note = make('span', { 'class': 'who mark' });
      item.appendChild(note);
    }
    note.textContent = what;
  }
  function suggest(texts) {
    ideas.textContent = '';
    (texts || []).forEach(function (suggestion) {
      var button = make('button', { type: 'button' }, suggestion);
      button.addEventListener('click', function () { submit(suggestion); text.focus(); });
      ideas.appendChild(button);
    });
  }

  var known = {};  // the state of each own message that has a number
  function show(event) {
    var sequence = Number(event.sequence);
    // A stream that was taken up again may not repeat anything; this is what makes sure.
    if (sequence <= last) return;
    last = sequence;
    var author = (event.author || '').replace('CHAT_AUTHOR_', '');
    state = (event.state || '').replace('CHAT_STATE_', '');
    if (event.kind === 'CHAT_EVENT_KIND_MESSAGE') {
      var item = own[event.clientMessageId];
      if (author === 'VISITOR') {
        if (item) mark(item, ''); else item = line('own', words.you, event.text);
        delete own[event.clientMessageId];
        known[sequence] = item;
        suggest([]);
      } else {
        item = line('other', author === 'BOT' ? words.bot : event.authorName || words.agent, event.text);
        stopTyping();
        suggest(event.suggestions);
        if (!opened) launch.textContent = words.open + ' •';
      }
      item.setAttribute('data-sequence', String(sequence));
    } else if (state === 'ACTIVE') {
      line('note', '', (event.authorName || words.agent) + ' ' + words.active);
    } else if (event.text) {
      line('note', words.system, event.text);
    }
    say(state === 'WAITING' ? words.waiting : state === 'CLOSED' ? words.closed : '');
    emailForm.hidden = !(event.asksEmail || (state === 'MISSED' && !emailForm.hidden));
    if (state === 'CLOSED') finish();
    arrange();
    tellRead();
  }
  function stopTyping() {
    clearTimeout(typingTimer);
    if (status.textContent === words.typing) say('');
  }
  function signalled(signal) {
    if (signal.typing) {
      say(words.typing);
      clearTimeout(typingTimer);
      typingTimer = setTimeout(stopTyping, 5000);
    }
    var read = Number(signal.readSequence || 0);
    Object.keys(known).forEach(function (sequence) { if (Number(sequence) <= read) mark(known[sequence], words.read); });
  }
  function signal(what) {
    if (!chat || state === 'CLOSED') return;
    post('/v1/chats/' + chat.id + ':signal', Object.assign({ token: chat.token }, what)).catch(function () { /* in passing */ });
  }
  function tellRead() {
    if (!opened || document.hidden || last <= readSent) return;
    readSent = last;
    signal({ readSequence: String(last) });
  }

  function watch() {
    if (!chat || source) return;
    var stream = new EventSource(base + '/v1/chats/' + chat.id + ':watch?token=' + encodeURIComponent(chat.token) +
      '&key=' + encodeURIComponent(key) + '&afterSequence=' + last);
    source = stream;
    stream.onmessage = function (message) {
      if (source !== stream) return;
      trouble = 0;
      if (status.textContent === words.lost) say('');
      var update = JSON.parse(message.data);
      if (update.event) show(update.event);
      if (update.signal) signalled(update.signal);
    };
    stream.onerror = function () {
      if (source !== stream) return;
      // A stream may end so that its reader comes back; only who cannot is told.
      if (++trouble > 1) say(words.lost);
      if (stream.readyState !== EventSource.CLOSED) return;
      stream.close();
      source = null;
      setTimeout(comeBack, Math.min(30000, 500 * Math.pow(2, Math.min(trouble, 6))));
    };
  }
  // A browser that was refused does not say why; the chat may be gone for good.
  function comeBack() {
    if (!chat || source) return;
    post('/v1/chats/' + chat.id + ':signal', { token: chat.token }).then(watch, function (error) {
      // A key that is refused for now says nothing of the chat.
      if (error.status === 404 || error.reason === 'CHAT_TOKEN_INVALID') return restart();
      ++trouble;
      setTimeout(comeBack, Math.min(30000, 500 * Math.pow(2, Math.min(trouble, 6))));
    });
  }
  function finish() {
    if (source) source.close();
    source = null;
    remember(null);
  }
  function restart() {
    finish();
    chat = null;
    last = readSent = trouble = 0;
    state = '';
    own = {};
    known = {};
    pending = [];
    log.textContent = '';
    emailForm.hidden = true;
    suggest([]);
    say('');
    arrange();
    greet();
  }

  function open(first) {
    return post('/v1/chats', { storeId: store, text: first.text, clientMessageId: first.id, visitorName: first.name,
      page: first.page, locale: locale, requestId: first.id }).then(function (made) {
      chat = { id: made.id, token: made.token };
      remember(chat);
      watch();
      arrange();
    });
  }
  // One after the other, so that they come in the order in which they were written; again until they are there.
  function flush() {
    if (sending || pending.length === 0) return;
    sending = true;
    var first = pending[0];
    var sent = chat ? post('/v1/chats/' + chat.id + ':send', { token: chat.token, text: first.text, clientMessageId: first.id }) : open(first);
    sent.then(function () {
      pending.shift();
      first.tries = 0;
      sending = false;
      flush();
    }, function (error) {
      sending = false;
      if (mayPass(error)) {
        first.tries = (first.tries || 0) + 1;
        setTimeout(flush, Math.min(30000, 500 * Math.pow(2, Math.min(first.tries, 6))));
        return;
      }
      pending.shift();
      mark(first.item, words.failed);
      say(words.trouble);
      flush();
    });
  }
  function submit(what) {
    var said = what.trim();
    if (!said) return;
    // What is sent again must be the same.
    var one = { id: id(), text: said, name: name.value, page: location.origin + location.pathname, item: line('own', words.you, said) };
    mark(one.item, words.sending);
    own[one.id] = one.item;
    pending.push(one);
    flush();
  }
  function greet() {
    var query = '?storeId=' + encodeURIComponent(store) + '&locale=' + locale;
    fetch(base + '/v1/chatWelcome' + query, { credentials: 'omit', headers: { 'Authorization': 'Bearer ' + key } })
      .then(function (answer) { return answer.ok ? answer.json() : Promise.reject(new Error('HTTP ' + answer.status)); })
      .then(function (welcome) {
        if (chat) return;
        if (!welcome.enabled) {
          state = 'NONE';
          say(words.none);
        } else if (!log.firstChild) {
          line('other', words.agent, welcome.text);
          if (!welcome.online) say(words.away);
        }
        arrange();
      })
      .catch(function () { say(words.trouble); });
  }
  function toggle(to) {
    opened = to;
    launch.textContent = words.open;
    arrange();
    if (opened) {
      if (!chat && !log.firstChild) greet();
      text.focus();
      tellRead();
    } else {
      launch.focus();
    }
  }

  form.addEventListener('submit', function (event) {
    event.preventDefault();
    submit(text.value);
    text.value = '';
  });
  text.addEventListener('keydown', function (event) {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  text.addEventListener('input', function () {
    if (!chat || Date.now() - typingSent < 3000) return;
    typingSent = Date.now();
    signal({ typing: true });
  });
  emailForm.addEventListener('submit', function (event) {
    event.preventDefault();
    post('/v1/chats/' + chat.id + ':identify', { token: chat.token, visitorEmail: email.value }).then(function () {
      emailForm.hidden = true;
      line('note', words.system, words.kept);
      text.focus();
    }, function () { say(words.trouble); });
  });
  end.addEventListener('click', function () {
    post('/v1/chats/' + chat.id + ':close', { token: chat.token }).catch(function () { say(words.trouble); });
  });
  again.addEventListener('click', function () { restart(); text.focus(); });
  minimize.addEventListener('click', function () { toggle(false); });
  launch.addEventListener('click', function () { toggle(!opened); });
  panel.addEventListener('keydown', function (event) { if (event.key === 'Escape' && !whole) toggle(false); });
  document.addEventListener('visibilitychange', tellRead);

  emailForm.hidden = true;
  chat = remembered();
  arrange();
  (document.body || document.documentElement).appendChild(host);
  if (chat) watch(); else if (whole) greet();
})();
