import { createHash, type Hash } from 'node:crypto'

export type Line = {
  /** Ms since the start. */
  readonly at: number
  readonly who: string
  readonly what: string
}

/** What happened, in order. Two runs of one seed have the same hash. */
export class History {
  readonly lines: Line[] = []
  readonly #hash: Hash = createHash('sha256')
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  add(who: string, what: string): void {
    const line = { at: this.#now(), who, what }
    this.lines.push(line)
    this.#hash.update(`${line.at} ${who} ${what}\n`)
  }

  digest(): string {
    return this.#hash.copy().digest('hex').slice(0, 16)
  }

  /** The last `count` lines, to read. */
  timeline(count: number): string {
    const left = Math.max(0, this.lines.length - count)
    const shown = this.lines
      .slice(left)
      .map(({ at, who, what }) => `${String(at).padStart(8)} ms  ${who.padEnd(12)} ${what}`)
      .join('\n')
    return left === 0 ? shown : `(${left} lines before are not shown: --lines)\n${shown}`
  }
}
