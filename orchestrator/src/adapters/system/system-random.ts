import { randomBytes } from 'node:crypto'
import type { Random } from '../../ports/index.ts'

/** Chance from the operating system. */
export function createSystemRandom(): Random {
  return {
    next: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
    bytes: (count) => randomBytes(count),
    nonce: () => randomBytes(10).toString('hex'),
  }
}
