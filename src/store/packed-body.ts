import { deflateSync, inflateSync } from 'node:zlib';

// A description's JSON is mostly its field names. They are given to the compressor beforehand, which makes a body a third of
// its size. A change here makes stored bodies unreadable: raise the outbox's schema version with it.
const dictionary = Buffer.from(
  '"gate_open":false,"is_","count":"people":"value":true,"the a person is standing in front of there are no man woman car door ' +
    '{"description":{"schema":1,"id":"01","camera":"","captured_at":"2026-01-01T00:00:00.000Z","published_at":"2026-' +
    '","trigger":"interval","trigger":"request","trigger":"change","summary":"The image shows a ","description":"The image shows a ' +
    '","answers":{},"image":{"width":1280,"height":720,"width":640,"height":480,"sha256":"' +
    '"},"model":{"name":"LLaVA v1.6 Mistral 7B SmolVLM2 500M Instruct","quant":"Q4_K - Medium","build":"b' +
    '"},"prompt":"default","timing_ms":{"capture":0.1,"queue":0.1,"pack":1.2,"encode":1000.5,"prefill":1000.5,"generate":1000.5,"total":1000.5}' +
    ',"tokens":{"image":576,"prompt":20,"completion":60,"drafted":0,"accepted":0},"finish_reason":"length","finish_reason":"stop"}' +
    ',"answers":{"":{"id":"01","value":"captured_at":"2026-01-01T00:00:00.000Z"}}}',
);

/** Compresses an entry's body for the outbox file. */
export function packBody(body: string): Uint8Array {
  return deflateSync(body, { dictionary, level: 9 });
}

/** The body; empty if its bytes are damaged, which costs this entry and no other. */
export function unpackBody(packed: Uint8Array): string {
  try {
    return inflateSync(packed, { dictionary }).toString('utf8');
  } catch {
    return '';
  }
}
