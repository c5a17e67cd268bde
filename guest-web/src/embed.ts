// The launcher: a button on another site that opens the guest page in a frame. It lives in a
// shadow tree, with a style sheet of its own, so that neither side's styles reach the other.
// It imports nothing (types aside) and leaves no name behind: it is one plain script. On a site that
// may not show the page it stays away, and tells the site's owner why.

import type { FromHost, ToHost } from './frame';

{
  const STYLE = `
    :host { all: initial !important; position: fixed !important; z-index: 2147483000 !important; inset: auto 1rem 1rem auto !important; color-scheme: light dark !important; font: 600 16px/1.25 system-ui, sans-serif !important; }
    [hidden] { display: none !important; }
    button { display: block; margin-inline-start: auto; padding: .75rem 1.25rem; border: 0; border-radius: 2rem; background: #0f6b62; color: #fff; font: inherit; cursor: pointer; box-shadow: 0 2px 12px rgb(0 0 0 / 25%); }
    button:hover { background: #0a564f; }
    button:focus-visible { outline: 3px solid #5cc2b4; outline-offset: 2px; }
    span { display: inline-block; min-width: 1.25rem; margin-inline-start: .5rem; padding: 0 .375rem; border-radius: 1rem; background: #fff; color: #0a564f; font-size: 13px; text-align: center; }
    iframe { display: block; box-sizing: border-box; width: min(26rem, calc(100vw - 2rem)); height: min(40rem, calc(100vh - 6rem)); margin-bottom: .75rem; border: 1px solid #8b9591; border-radius: 1rem; background: Canvas; box-shadow: 0 8px 40px rgb(0 0 0 / 25%); }
    @media (forced-colors: active) { button { border: 1px solid; } }
  `;
  /** The server puts them here. */
  const SITES = ' SUPPORT_DESK_SITES ';
  const script = document.currentScript as HTMLScriptElement | null;
  const start = (): void => launch(new URL(script?.src ?? location.href).origin, script?.dataset['lang']);
  if (document.body) start();
  else document.addEventListener('DOMContentLoaded', start, { once: true });

  function launch(desk: string, asked: string | undefined): void {
    const { origin } = location;
    if (!SITES.includes(` ${origin} `)) {
      console.error(`The support desk ${desk} may not be shown here: name ${origin} in its --embed-origins.`);
      return;
    }
    // Twice on one page is once.
    if (document.querySelector('support-desk')) return;
    const lang = asked ?? document.documentElement.lang;
    const arabic = lang.startsWith('ar');
    const label = arabic ? 'الدعم' : 'Support';
    const news = (count: number): string =>
      count === 0 ? label : arabic ? `${label}: رسائل جديدة ${count}` : `${label}, ${count} new`;

    const home = document.createElement('support-desk');
    const root = home.attachShadow({ mode: 'open' });
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    root.adoptedStyleSheets = [style];
    const button = document.createElement('button');
    button.type = 'button';
    button.dir = arabic ? 'rtl' : 'ltr';
    const badge = document.createElement('span');
    badge.hidden = true;
    button.append(label, badge);
    root.append(button);
    document.body.append(home);

    let frame: HTMLIFrameElement | null = null;
    let ready = false;
    let open = false;
    const count = (unread: number): void => {
      badge.hidden = unread === 0;
      badge.textContent = String(unread);
      button.ariaLabel = news(unread);
      // For the site itself.
      home.dataset['unread'] = String(unread);
    };
    const tell = (): void => {
      const message: FromHost = { support: 'shown', shown: open };
      if (ready) frame?.contentWindow?.postMessage(message, desk);
    };
    const load = (): void => {
      if (frame) return;
      frame = document.createElement('iframe');
      const query = new URLSearchParams({ in: origin, ...(lang ? { lang } : {}) });
      frame.src = `${desk}/?${query}`;
      frame.title = label;
      frame.hidden = true;
      root.prepend(frame);
    };
    const show = (yes: boolean): void => {
      load();
      open = yes;
      if (frame) frame.hidden = !open;
      button.ariaExpanded = String(open);
      home.dataset['open'] = String(open);
      if (open) remember();
      if (open) frame?.focus();
      else button.focus();
      tell();
    };
    count(0);
    button.ariaExpanded = 'false';
    button.addEventListener('click', () => show(!open));
    window.addEventListener('message', (event: MessageEvent<Partial<ToHost> | null>) => {
      if (event.origin !== desk || !frame || event.source !== frame.contentWindow) return;
      const message = event.data as ToHost | null;
      if (message?.support === 'ready') {
        ready = true;
        tell();
      } else if (message?.support === 'unread' && Number.isSafeInteger(message.count)) count(message.count);
      else if (message?.support === 'leave' && open) show(false);
    });
    // Who has talked here before sees that there is an answer without opening anything.
    if (wasHere()) load();
  }

  function remember(): void {
    try {
      localStorage.setItem('support-desk', '1');
    } catch {
      // Without storage the badge waits until the page is opened.
    }
  }

  function wasHere(): boolean {
    try {
      return localStorage.getItem('support-desk') !== null;
    } catch {
      return false;
    }
  }
}
