import { createHash } from 'node:crypto'

/** Chance that is the same in every attempt of an invocation (xoshiro128**, seeded by a hash of the id). */
export class SeededRandom {
  readonly #state: Uint32Array

  constructor(seed: string) {
    const hash = createHash('sha256').update(`random:${seed}`).digest()
    this.#state = Uint32Array.from([0, 4, 8, 12], (offset) => hash.readUInt32LE(offset))
  }

  /** 53 bits, in [0, 1). */
  number(): number {
    const high = this.#word() >>> 5
    const low = this.#word() >>> 6
    return (high * 2 ** 26 + low) / 2 ** 53
  }

  /** A version 4 UUID. */
  uuid(): string {
    const hex = [0, 1, 2, 3].map(() => this.#word().toString(16).padStart(8, '0')).join('')
    const variant = (8 + (Number.parseInt(hex.charAt(16), 16) & 3)).toString(16)
    return [
      hex.slice(0, 8),
      hex.slice(8, 12),
      `4${hex.slice(13, 16)}`,
      `${variant}${hex.slice(17, 20)}`,
      hex.slice(20),
    ].join('-')
  }

  #word(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#state
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0
    const e = c ^ a
    const f = d ^ b
    this.#state.set([a ^ f, b ^ e, e ^ (b << 9), rotate(f, 11)])
    return result
  }
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by))
}

/** Uniform in [0, 1), from what it is for: chance where no state is kept, such as a retry's jitter. */
export function chanceOf(...parts: readonly (string | number)[]): number {
  return createHash('sha256').update(parts.join(':')).digest().readUInt32LE(0) / 2 ** 32
}
