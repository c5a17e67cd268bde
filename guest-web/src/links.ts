// Finds links in a message. Pure: it cuts the text into pieces and never changes a character of it,
// so that what is shown is what was written and a link is shown in full.

export interface Piece {
  readonly text: string;
  /** Where it leads; null for plain text. */
  readonly href: string | null;
}

const CANDIDATE = /\bhttps?:\/\/[^\s<>"]+/gi;

export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const link = withoutPunctuation(match[0]);
    const url = parse(link);
    if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index), href: null });
    found.push({ text: link, href: url.href });
    end = match.index + link.length;
  }
  if (end < text.length) found.push({ text: text.slice(end), href: null });
  return found;
}

/** The full stop after a link belongs to the sentence; a bracket does unless the link opened it. */
function withoutPunctuation(link: string): string {
  let rest = link;
  for (;;) {
    const last = rest.at(-1) ?? '';
    const open = { ')': '(', ']': '[', '}': '{' }[last];
    const isStray = open !== undefined && rest.split(last).length > rest.split(open).length;
    if (!isStray && !'.,;:!?\'’”…*_'.includes(last)) return rest;
    if (rest === '') return rest;
    rest = rest.slice(0, -1);
  }
}

function parse(link: string): URL | null {
  try {
    return new URL(link);
  } catch {
    return null;
  }
}
