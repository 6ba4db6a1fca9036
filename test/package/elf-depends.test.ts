import { describe, expect, test } from 'vitest';
import { debianDepends, elfNeeds } from '../../tools/package/elf-depends.ts';

const readelf = `
Dynamic section at offset 0x41d28 contains 31 entries:
  Tag        Type                         Name/Value
 0x0000000000000001 (NEEDED)             Shared library: [libyuv.so.0]
 0x0000000000000001 (NEEDED)             Shared library: [libstdc++.so.6]
 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]
 0x000000000000000e (SONAME)             Library soname: [libself.so.1]

Version definition section '.gnu.version_d' contains 2 entries:
  0x001c: Rev: 1  Flags: none  Index: 2  Cnt: 1  Name: GLIBC_9.99

Version needs section '.gnu.version_r' contains 2 entries:
 Addr: 0x0000000000003aa8  Offset: 0x003aa8  Link: 4 (.dynstr)
  000000: Version: 1  File: libc.so.6  Cnt: 2
  0x0010:   Name: GLIBC_2.9  Flags: none  Version: 6
  0x0020:   Name: GLIBC_2.34  Flags: none  Version: 5
  0x0030: Version: 1  File: libstdc++.so.6  Cnt: 2
  0x0040:   Name: GLIBCXX_3.4.9  Flags: none  Version: 4
  0x0050:   Name: GLIBCXX_3.4.30  Flags: none  Version: 3
`;

test('what a file needs is read from readelf; versions that it defines itself are not needed', () => {
  expect(elfNeeds(readelf)).toEqual({
    libraries: ['libyuv.so.0', 'libstdc++.so.6', 'libc.so.6'],
    versions: ['GLIBC_2.9', 'GLIBC_2.34', 'GLIBCXX_3.4.9', 'GLIBCXX_3.4.30'],
  });
});

describe('packages to depend on', () => {
  test('by library, with the versions that have the newest symbols', () => {
    const older = { libraries: ['libm.so.6', 'libgcc_s.so.1'], versions: ['GLIBC_2.17'] };
    expect(debianDepends([older, elfNeeds(readelf)], new Set())).toEqual([
      'libc6 (>= 2.34)',
      'libgcc-s1 (>= 3.4)',
      'libstdc++6 (>= 12)',
      'libyuv0',
    ]);
  });

  test('libraries of the package itself are no dependency', () => {
    const file = { libraries: ['libllama.so', 'ld-linux-aarch64.so.1'], versions: ['GLIBC_2.17'] };
    expect(debianDepends([file], new Set(['libllama.so']))).toEqual(['libc6 (>= 2.17)']);
    expect(() => debianDepends([file], new Set())).toThrow('libllama.so: which Debian package has it?');
  });

  test('a version of libstdc++ that is not known is an error', () => {
    const file = { libraries: ['libstdc++.so.6'], versions: ['GLIBC_2.17', 'GLIBCXX_3.4.99'] };
    expect(() => debianDepends([file], new Set())).toThrow('GLIBCXX_3.4.99: which GCC?');
  });
});
