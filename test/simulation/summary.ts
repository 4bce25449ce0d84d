import { type FaultKind, faultKinds } from './fault-kinds.ts'
import type { Played } from './swarm.ts'

/** What many seeds came to. */
export class Summary {
  readonly failed: Played[] = []
  seeds = 0
  simulatedMs = 0
  readonly #stories = new Map<string, number>()
  readonly #kinds = new Map<string, number>()
  /** Where a fault struck, and after which entry. */
  readonly #coverage = new Map<string, Map<string, number>>()

  add(played: Played): void {
    this.seeds += 1
    this.simulatedMs += played.simulatedMs
    if (played.violations.length > 0) this.failed.push(played)
    for (const story of played.stories) count(this.#stories, story)
    for (const { kind, where, after } of played.faults) {
      count(this.#kinds, kind)
      const place = kind === 'replica-dies' ? where : `${kind} ${where}`
      const row = this.#coverage.get(place) ?? new Map<string, number>()
      this.#coverage.set(place, row)
      count(row, after)
    }
  }

  text(): string {
    return [
      `stories: ${listed(this.#stories)}`,
      `faults: ${listed(this.#kinds)}`,
      `never: ${this.neverStruck().join(', ') || 'none'}`,
      '',
      this.#table(),
    ].join('\n')
  }

  /** Kinds of faults that were not among them. */
  neverStruck(): readonly FaultKind[] {
    return faultKinds.filter((kind) => !this.#kinds.has(kind))
  }

  /** Where faults struck, by the kind of entry that was written last before. */
  #table(): string {
    const columns = [...new Set([...this.#coverage.values()].flatMap((row) => [...row.keys()]))]
    columns.sort()
    const rows = [...this.#coverage].toSorted(([a], [b]) => (a < b ? -1 : 1))
    const lines = rows.map(([place, row]) => [
      place,
      ...columns.map((one) => `${row.get(one) ?? '·'}`),
    ])
    const table = [['fault, after', ...columns], ...lines]
    const widths = table[0]?.map((_, column) =>
      Math.max(...table.map((line) => line[column]?.length ?? 0)),
    )
    return table
      .map((line) => line.map((cell, column) => cell.padEnd(widths?.[column] ?? 0)).join(' '))
      .join('\n')
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, times]) => `${name} ${times}`)
    .join(', ')
}
