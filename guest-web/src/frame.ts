// The page in another site's frame: what it and the launcher on that site tell each other. Both
// sides name the other's exact origin and hear nobody else. Which sites may show the page at all is
// the server's to say, by its content security policy.

/** To the launcher. */
export type ToHost = { support: 'ready' } | { support: 'unread'; count: number } | { support: 'leave' };

/** From the launcher. */
export interface FromHost {
  support: 'shown';
  shown: boolean;
}

export interface Host {
  readonly origin: string;
  tell(message: ToHost): void;
}

/** The site around the page; null where there is none, or none that the launcher has named. */
export function joinHost(onShown: (shown: boolean) => void): Host | null {
  const origin = new URLSearchParams(location.search).get('in');
  if (window.parent === window || !origin || !isOrigin(origin)) return null;
  let before = '';
  const host: Host = {
    origin,
    tell(message) {
      const text = JSON.stringify(message);
      if (text !== before) window.parent.postMessage(message, origin);
      before = text;
    },
  };
  window.addEventListener('message', (event: MessageEvent<Partial<FromHost> | null>) => {
    if (event.origin !== origin || event.source !== window.parent) return;
    if (event.data?.support === 'shown' && typeof event.data.shown === 'boolean') onShown(event.data.shown);
  });
  window.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.defaultPrevented) window.parent.postMessage({ support: 'leave' }, origin);
  });
  host.tell({ support: 'ready' });
  return host;
}

function isOrigin(text: string): boolean {
  try {
    return new URL(text).origin === text;
  } catch {
    return false;
  }
}
