// The types of parser.js, for its tests.
export function encode(packet: object): string;
export function decode(text: string): { type: number; nsp: string; id?: number; data: unknown } | null;
