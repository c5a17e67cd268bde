// The types of parser.js, for its tests.
export const PacketType: Readonly<Record<'CONNECT' | 'DISCONNECT' | 'EVENT' | 'ACK' | 'CONNECT_ERROR', number>>;
export function encode(packet: object): string;
export function decode(text: string): { type: number; nsp: string; id?: number; data: unknown } | null;
