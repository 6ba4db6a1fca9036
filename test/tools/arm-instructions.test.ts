import { expect, test } from 'vitest';
import { attribute, baseAddress } from '../../tools/arm64/block-counts.ts';
import { parseListing } from '../../tools/arm64/module-code.ts';

const listing = `
lib.so:     file format elf64-littleaarch64

Disassembly of section .text:

0000000000001000 <ggml_compute_forward_flash_attn_ext>:
    1000:\tldr\ts1, [x13], #4
    1004:\tfmadd\ts0, s1, s2, s0
    1008:\tb.ne\t1000 <ggml_compute_forward_flash_attn_ext>  // b.any
    100c:\tret

0000000000001010 <simd_gemm(float*, float const*, int) [clone .constprop.0]>:
    1010:\tfmla\tv0.4s, v1.4s, v2.4s
    1014:\tfmla\tz0.s, p0/m, z1.s, z2.s

0000000000001018 <ggml::cpu::repack::tensor_traits<block_q4_0, 8l, 4l, (ggml_type)8>::forward_mul_mat(ggml_compute_params*, ggml_tensor*)>:
    1018:\tsmmla\tv0.4s, v1.16b, v2.16b
    101c:\tsdot\tv0.4s, v1.16b, v2.4b[0]

0000000000001020 <expf@plt>:
    1020:\tbr\tx17
`;
const code = parseListing(listing);

test('functions are named without parameters, instructions by what they multiply', () => {
  expect(code.map(({ name }) => name)).toEqual([
    'ggml_compute_forward_flash_attn_ext',
    'simd_gemm',
    'ggml::cpu::repack::tensor_traits<block_q4_0, 8l, 4l, (ggml_type)8>::forward_mul_mat',
    'expf@plt',
  ]);
  expect(code.flatMap(({ instructions }) => instructions.map(({ kind }) => kind))).toEqual([
    ...[null, 'fmadd', null, null],
    ...['fmla 4s', 'fmla sve'],
    ...['smmla', 'sdot'],
    null,
  ]);
});

test('blocks are counted by purpose', () => {
  const base = 0x5500000000;
  const block = (address: number, instructions: number, times: number) => ({ address, instructions, times });
  const counts = attribute(
    [
      block(base + 0x1000, 3, 100), // the product's loop
      block(base + 0x100c, 1, 10),
      block(base + 0x1010, 2, 5),
      block(base + 0x1018, 2, 7),
      block(base + 0x1020, 1, 3),
      block(0x4000, 50, 2), // elsewhere in the process
    ],
    base,
    code,
  );
  expect(counts).toMatchObject({
    all: 300 + 10 + 10 + 14 + 3 + 100,
    module: 300 + 10 + 10 + 14 + 3,
    attentionProduct: 300 + 10,
    attentionRest: 10,
    matrices: 14,
    attentionKinds: { fmadd: 100, 'fmla 4s': 5, 'fmla sve': 5 },
  });
  expect(counts.functions[0]).toEqual({ name: 'ggml_compute_forward_flash_attn_ext', instructions: 310 });
});

test('a library lies where it is mapped first', () => {
  const maps = `5500000000-5500001000 r--p 00000000 fe:00 1      /x/lib.so
5500001000-5500002000 r-xp 00001000 fe:00 1      /x/lib.so
`;
  expect(baseAddress(maps, '/x/lib.so')).toBe(0x5500000000);
  expect(() => baseAddress(maps, '/y/lib.so')).toThrow('/y/lib.so is not mapped');
});
