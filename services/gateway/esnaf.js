// Records how people come to the shop, for Esnaf's attribution. No dependencies; a page loads it by
//
//   <script>window.esnaf = window.esnaf || function () { (esnaf.q = esnaf.q || []).push(arguments); };</script>
//   <script async src="https://crm.example/esnaf.js" data-key="esk_…" data-store="web"></script>
//
// where the key is a publishable one with the scope `touchpoints.write`, and then calls
//
//   esnaf('consent', { analytics_storage: 'granted', ad_storage: 'denied', ad_user_data: …, ad_personalization: … })
//   esnaf('identify', { email: 'a@b.example' })      or { phone } or { customer: '42' }; nothing without consent
//   esnaf('product', 'SKU-1')                         a product's page
//   esnaf('event', 'newsletter')                      anything else
//   esnaf('page')                                     a page that was opened without loading, in a single-page shop
//   esnaf('visitor', function (id) { … })             the visitor's id, for the order; '' without consent
//
// Until the visitor consents to `analytics_storage` nothing is kept in the browser and nothing is sent but, when the
// page is left, that somebody came and by which campaign. The choice is remembered; refusing takes back what was kept.
// The visitor's id is also the cookie `esnaf_visitor`, which the shop's back end may send along with an order.
(function () {
  'use strict';
  var script = document.currentScript;
  var early = window.esnaf && window.esnaf.q ? window.esnaf.q : [];
  if (!script || (window.esnaf && window.esnaf.loaded)) return;
  var key = script.getAttribute('data-key') || '';
  var store = script.getAttribute('data-store') || '';
  var base = script.getAttribute('data-endpoint') || new URL(script.src).origin;
  var purposes = ['ad_storage', 'analytics_storage', 'ad_user_data', 'ad_personalization'];
  var clickIds = ['gclid', 'gbraid', 'wbraid', 'fbclid', 'ttclid', 'msclkid'];
  var consent = null;
  var touches = [];
  var identities = [];
  var timer = 0;

  function id() {
    if (window.crypto && crypto.randomUUID) return crypto.randomUUID();
    var bytes = new Uint8Array(16);
    window.crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (b) { return (b + 256).toString(16).slice(1); }).join('');
  }

  function remembered(name) {
    try { return localStorage.getItem(name); } catch (e) { return null; }
  }
  function remember(name, value) {
    try {
      if (value === null) localStorage.removeItem(name); else localStorage.setItem(name, value);
    } catch (e) { /* the browser keeps nothing; the cookie may still do */ }
  }
  function cookie(name) {
    var found = document.cookie.match(new RegExp('(?:^|; )' + name + '=([^;]*)'));
    if (!found) return '';
    // Others write cookies too, and not always as they should be written.
    try { return decodeURIComponent(found[1]); } catch (e) { return ''; }
  }
  function setCookie(name, value, days) {
    document.cookie = name + '=' + encodeURIComponent(value) + '; path=/; max-age=' + days * 86400 + '; SameSite=Lax' +
      (location.protocol === 'https:' ? '; Secure' : '');
  }

  function granted(purpose) { return !!consent && consent[purpose] === 'granted'; }

  function visitor() {
    if (!granted('analytics_storage')) return '';
    var known = cut(cookie('esnaf_visitor') || remembered('esnaf_visitor') || id(), most.id);
    remember('esnaf_visitor', known);
    setCookie('esnaf_visitor', known, 400);
    return known;
  }

  // The text's first bytes in UTF-8, as many as the server takes, and no half of a character.
  function cut(text, bytes) {
    var encoded = new TextEncoder().encode(text);
    if (encoded.length <= bytes) return text;
    while ((encoded[bytes] & 0xc0) === 0x80) bytes--;
    return new TextDecoder().decode(encoded.subarray(0, bytes));
  }
  var most = { id: 200, text: 500, clickId: 1000, address: 4000 };

  // What the address says of the campaign is read at once: the page may change it later.
  function landing() {
    var parameters = new URLSearchParams(location.search);
    // The first of the names that says anything. They are those that the server reads in addresses.
    function get() {
      for (var i = 0; i < arguments.length; i++) {
        if (parameters.get(arguments[i])) return cut(parameters.get(arguments[i]), most.text);
      }
      return '';
    }
    var found = {
      page: cut(location.origin + location.pathname, most.address),
      referrer: cut(document.referrer, most.address),
      utm: {
        source: get('utm_source'), medium: get('utm_medium'), campaign: get('utm_campaign'),
        id: get('utm_id', 'gad_campaignid', 'campaign_id', 'campaignid'), content: get('utm_content'), term: get('utm_term'),
        sourcePlatform: get('utm_source_platform')
      },
      adGroupId: get('adgroupid', 'ad_group_id', 'adset_id', 'adgroup_id'),
      adId: get('ad_id', 'adid', 'creative'),
      clickIds: {}
    };
    clickIds.forEach(function (name) {
      var value = parameters.get(name);
      if (value) found.clickIds[name] = cut(value, most.clickId);
    });
    found.adPlatform = found.clickIds.gclid || found.clickIds.gbraid || found.clickIds.wbraid ? 'google'
      : found.clickIds.msclkid ? 'microsoft' : found.clickIds.ttclid ? 'tiktok' : found.clickIds.fbclid ? 'meta' : '';
    return found;
  }

  function words() {
    var said = {};
    purposes.forEach(function (purpose) {
      said[purpose] = consent && consent[purpose]
        ? (granted(purpose) ? 'CONSENT_WORD_GRANTED' : 'CONSENT_WORD_DENIED') : 'CONSENT_WORD_UNSPECIFIED';
    });
    return said;
  }

  // A touch as it may be told now: without consent nothing by which anybody could be known again.
  function told(touch) {
    var known = granted('analytics_storage');
    var from = touch.from;
    var message = {
      storeId: store, eventId: touch.eventId, kind: touch.kind, name: touch.name || '',
      occurTime: new Date(touch.time).toISOString(), utm: from.utm, adPlatform: from.adPlatform,
      adGroupId: from.adGroupId, adId: from.adId, consent: words(),
      landingPage: known ? from.page : location.origin + '/'
    };
    // The referrer's site tells the channel; the rest of its address is nobody's business before consent.
    message.referrer = known ? from.referrer : from.referrer.split('/').slice(0, 3).join('/');
    message.userAgent = cut(navigator.userAgent, most.clickId);
    if (known) {
      message.visitorId = visitor();
      if (granted('ad_storage')) {
        message.clickIds = Object.assign({
          fbc: cut(cookie('_fbc'), most.clickId), fbp: cut(cookie('_fbp'), most.clickId)
        }, from.clickIds);
      }
    }
    return message;
  }

  function flush() {
    clearTimeout(timer);
    timer = 0;
    if (!key || (!touches.length && !identities.length)) return;
    var body = JSON.stringify({
      key: key, sendTime: new Date().toISOString(), touchpoints: touches.map(told),
      identities: granted('analytics_storage') ? identities : []
    });
    touches = [];
    identities = [];
    var url = base + '/v1/touchpoints:beacon';
    if (navigator.sendBeacon && navigator.sendBeacon(url, body)) return;
    if (window.fetch) {
      fetch(url, { method: 'POST', body: body, keepalive: true, mode: 'no-cors', credentials: 'omit' })
        .catch(function () { /* the network is gone, and so is the touch */ });
    }
  }

  // While the visitor has not chosen, touches wait in memory for the choice or the end of the page.
  function schedule() {
    if (consent && !timer) timer = setTimeout(flush, 50);
  }

  function add(kind, name) {
    touches.push({ eventId: id(), kind: kind, name: name, time: Date.now(), from: landing() });
    if (touches.length >= 50) flush(); else schedule();
  }

  var commands = {
    page: function () { add('TOUCH_KIND_PAGE_VIEW'); },
    product: function (sku) { add('TOUCH_KIND_PRODUCT_VIEW', cut(String(sku), most.text)); },
    event: function (name) { add('TOUCH_KIND_CUSTOM', cut(String(name), most.text)); },
    identify: function (who) {
      var identity = who.customer ? { kind: 'IDENTITY_KIND_STORE_CUSTOMER', storeId: store, value: String(who.customer) }
        : who.email ? { kind: 'IDENTITY_KIND_EMAIL', value: who.email }
        : who.phone ? { kind: 'IDENTITY_KIND_PHONE', value: who.phone } : null;
      if (!identity || !granted('analytics_storage')) return;
      identities.push({ visitorId: visitor(), identity: identity, consent: words() });
      schedule();
    },
    consent: function (choice) {
      consent = consent || {};
      purposes.forEach(function (purpose) { if (choice[purpose]) consent[purpose] = choice[purpose]; });
      remember('esnaf_consent', JSON.stringify(consent));
      if (!granted('analytics_storage')) {
        remember('esnaf_visitor', null);
        setCookie('esnaf_visitor', '', 0);
      }
      schedule();
    },
    visitor: function (callback) { callback(visitor()); }
  };

  window.esnaf = function (command) {
    if (Object.prototype.hasOwnProperty.call(commands, command)) {
      commands[command].apply(null, Array.prototype.slice.call(arguments, 1));
    }
  };
  window.esnaf.loaded = true;

  try { consent = JSON.parse(remembered('esnaf_consent')); } catch (e) { consent = null; }
  window.addEventListener('pagehide', flush);
  // A hidden page may end without a word; but as long as the visitor has not chosen, coming back may bring the choice.
  document.addEventListener('visibilitychange', function () {
    if (consent && document.visibilityState === 'hidden') flush();
  });
  commands.page();
  early.forEach(function (call) { window.esnaf.apply(null, call); });
}());
