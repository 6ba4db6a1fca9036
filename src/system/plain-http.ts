/**
 * node:http's `request`. An import of node:http reads all of its exports, also those that load undici and http2 when they are
 * read: 13 MB and 40 ms in each process (Node 24).
 */
export const { request: requestPlain } = process.getBuiltinModule('node:http');
