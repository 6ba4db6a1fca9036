import { expect, test } from 'vitest';
import { elementsOf, textOf, xmlText } from '../../src/camera/xml-elements.ts';

test('elements are found by their local name, with attributes and decoded text', () => {
  const xml = `<a:Media token='1 &amp; 2' b:fixed="true"><c:XAddr> http://h/?a=1&amp;b=&#x32; </c:XAddr></a:Media><Media/><x:Media />`;
  const [first, ...others] = elementsOf(xml, 'Media');
  expect(Object.fromEntries(first!.attributes)).toEqual({ token: '1 & 2', fixed: 'true' });
  expect(textOf(first!.content, 'XAddr')).toBe('http://h/?a=1&b=2');
  expect(others.map(({ content }) => content)).toEqual(['', '']);
  expect(textOf('<n><![CDATA[a < b & c]]></n>', 'n')).toBe('a < b & c');
});

test('names that only begin alike, and elements without an end, are left out', () => {
  expect(elementsOf('<ProbeMatches><ProbeMatch>a</ProbeMatch></ProbeMatches>', 'ProbeMatch')).toHaveLength(1);
  expect(elementsOf('<a>1</a><a>2', 'a').map(({ content }) => content)).toEqual(['1']);
  expect(textOf('<Name></Name>', 'Name')).toBeNull();
  expect(textOf('', 'Name')).toBeNull();
});

test('a long text full of elements without an end takes no time', () => {
  const started = performance.now();
  expect(elementsOf('<a x="'.repeat(100_000), 'a')).toEqual([]);
  expect(elementsOf('<a>'.repeat(200_000), 'a')).toEqual([]);
  expect(performance.now() - started).toBeLessThan(2000);
});

test('a text that becomes XML reads back the same', () => {
  const text = `<a & "b" 'c'>`;
  expect(textOf(`<n>${xmlText(text)}</n>`, 'n')).toBe(text);
});
