import { execFileSync } from 'node:child_process';

/** Kinds of multiply-add instructions, by how many numbers they process at once. */
export type Kind =
  | 'smmla' // 8-bit matrix product (i8mm)
  | 'sdot' // 8-bit dot product
  | 'fmla 4s' // four floats (NEON)
  | 'fmla 8h' // eight half-precision floats (NEON)
  | 'fmla sve' // a vector of SVE
  | 'fmadd'; // one float

export interface Instruction {
  readonly address: number;
  /** null: none of these. */
  readonly kind: Kind | null;
}

export interface CodeFunction {
  /** Demangled, without parameters. */
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

/** The functions of an arm64 library, from its symbol table and objdump. */
export function readCode(path: string): CodeFunction[] {
  const listing = execFileSync('aarch64-linux-gnu-objdump', ['-d', '-C', '--no-show-raw-insn', path], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  return parseListing(listing);
}

/** Parses what `objdump -d -C --no-show-raw-insn` prints. */
export function parseListing(listing: string): CodeFunction[] {
  const functions: { name: string; instructions: Instruction[] }[] = [];
  for (const line of listing.split('\n')) {
    const header = /^[0-9a-f]+ <(.+)>:$/.exec(line);
    if (header) functions.push({ name: bareName(header[1]!), instructions: [] });
    const instruction = /^\s+([0-9a-f]+):\t(\S+)\s*(.*)$/.exec(line);
    if (!instruction) continue;
    const [, address, mnemonic, operands] = instruction;
    functions.at(-1)?.instructions.push({
      address: Number.parseInt(address!, 16),
      kind: kindOf(mnemonic!, operands!),
    });
  }
  return functions;
}

/** Without parameters and compiler suffixes: "simd_gemm(float*, int)" and "simd_gemm.constprop.0" -> "simd_gemm". */
function bareName(name: string): string {
  return name
    .replace(/\.(constprop|isra|part|cold|lto_priv)\b.*$/, '')
    .replace(/ \[clone .*$/, '')
    .replace(/\((?!ggml_type|anonymous).*$/, '')
    .replace(/^.* (?=ggml_|simd_)/, '');
}

function kindOf(mnemonic: string, operands: string): Kind | null {
  const isSve = operands.startsWith('z');
  switch (mnemonic) {
    case 'smmla':
    case 'sdot':
    case 'fmadd':
      return mnemonic;
    case 'fmla':
    case 'fmad':
    case 'fmls':
      if (isSve) return 'fmla sve';
      if (/^v\d+\.4s/.test(operands)) return 'fmla 4s';
      return /^v\d+\.8h/.test(operands) ? 'fmla 8h' : null;
    default:
      return null;
  }
}
