import { beforeEach, expect, test } from 'vitest';
import { defaultHubAccess } from '../../src/models/download/hub-request.ts';
import { fetchHeader } from '../../src/models/download/remote-header.ts';
import { parseAddress } from '../../src/models/hub-address.ts';
import { proxyOf } from '../../src/system/http-proxy.ts';
import { LoggingProxy } from '../../tools/test/logging-proxy.ts';
import { PullBench, source, textFile } from '../models/download/pull-bench.ts';

let bench: PullBench;
let proxy: LoggingProxy;
beforeEach(async () => {
  bench = await PullBench.open();
  proxy = await new LoggingProxy().start();
  return async () => {
    await bench.close();
    await proxy.close();
  };
});

const from = (env: NodeJS.ProcessEnv) => ({ proxyFor: (url: URL) => proxyOf(url, env) });

test('every request of a pull goes through the proxy, and only the proxy gets its login', async () => {
  await bench.pull({ hfToken: 'hf_secret', ...from({ HTTP_PROXY: proxy.address('me:pass') }) });
  bench.expectWhole();
  const { endpoint } = bench.hub;
  const lines = proxy.seen.map(({ line }) => line);
  expect(lines[0]).toBe(`HEAD ${endpoint}/o/r/resolve/main/text.gguf`);
  expect(lines.at(-1)).toMatch(/^GET http:\/\/127\.0\.0\.1:\d+\/cdn\/o\/r\/text\.gguf\?Signature=secret$/);
  expect(lines).toHaveLength(bench.hub.seen.length);
  const login = `Basic ${Buffer.from('me:pass').toString('base64')}`;
  expect(proxy.seen.map(({ authorization }) => authorization)).toEqual(lines.map(() => login));
  expect(bench.hub.seen.map(({ headers }) => headers['proxy-authorization'])).toEqual(
    lines.map(() => undefined),
  );
});

test('a download that is cut at the proxy is resumed through it', async () => {
  bench.breakFirst({ cutAfterBytes: 120_000 });
  await bench.pull(from({ http_proxy: proxy.address() }));
  bench.expectWhole();
  expect(bench.hub.downloads[1]?.headers.range).toMatch(/^bytes=\d+-$/);
});

test('hosts of NO_PROXY are asked directly, also after a redirect from another host', async () => {
  const cdn = new URL(bench.hub.plainUrl(textFile)).host;
  await bench.pull(from({ HTTP_PROXY: proxy.address(), NO_PROXY: `example.org ${cdn}` }));
  bench.expectWhole();
  expect(proxy.seen.length).toBe(bench.hub.seen.length - bench.hub.downloads.length);
  expect(proxy.seen.some(({ line }) => line.includes('/cdn/'))).toBe(false);
});

test('the header of a remote file is fetched through it, too', async () => {
  const access = { ...defaultHubAccess, signal: AbortSignal.timeout(10_000), attempts: 1 };
  const address = parseAddress(bench.hub.plainUrl(textFile));
  await fetchHeader(address, bench.path('x'), { ...access, ...from({ http_proxy: proxy.address() }) }).catch(
    () => {},
  );
  expect(proxy.seen[0]?.line).toBe(`GET ${bench.hub.plainUrl(textFile)}`);
});

test.each([
  [407, 'me:pass', /127\.0\.0\.1:\d+ refuses the user or password of its address \(status 407\)/],
  [407, undefined, /asks for a login; put it into the address/],
])(
  'a proxy that answers %i to %s is named, without its login, and not asked again',
  async (status, login, message) => {
    proxy.refuse = () => status;
    const error = await bench
      .pull(from({ http_proxy: proxy.address(login) }))
      .catch((thrown: Error) => thrown as Error);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toMatch(/pass\b|bWU6cGFzcw/);
    expect(proxy.seen).toHaveLength(1);
  },
);

test.each([403, 407, 502])('a proxy that answers %i to a tunnel is named', async (status) => {
  proxy.refuse = () => status;
  const sources = [source('https://hub.example/x.gguf')];
  await expect(bench.pull({ sources, ...from({ https_proxy: proxy.address('me:pass') }) })).rejects.toThrow(
    new RegExp(
      `hub\\.example cannot be reached: the proxy 127\\.0\\.0\\.1:\\d+ refuses .*\\(status ${status}\\)`,
    ),
  );
  expect(proxy.seen).toEqual([
    { line: 'CONNECT hub.example:443', authorization: expect.stringMatching(/^Basic /) },
  ]);
});

test('a proxy that is not there is named', async () => {
  await expect(
    bench.pull({ attempts: 1, ...from({ http_proxy: 'http://me:pass@127.0.0.1:1' }) }),
  ).rejects.toThrow(
    /cannot be reached: through the proxy 127\.0\.0\.1:1: nothing listens there \(ECONNREFUSED\)/,
  );
});

test('a tunnel that the proxy never opens ends with the pull', async () => {
  const stop = new AbortController();
  proxy.refuse = () => {
    stop.abort();
    return null;
  };
  const sources = [source('https://127.0.0.1:1/x.gguf')];
  await expect(
    bench.pull({ sources, signal: stop.signal, ...from({ https_proxy: proxy.address() }) }),
  ).rejects.toThrow(/m: stopped/);
});
