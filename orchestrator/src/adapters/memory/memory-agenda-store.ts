import type { AgendaItem, AgendaStore } from '../../ports/index.ts'
import { compareKeys, type MemoryTable, mapAt } from './memory-table.ts'

export class MemoryAgendaStore implements AgendaStore {
  readonly #table: MemoryTable

  constructor(table: MemoryTable) {
    this.#table = table
  }

  async put(item: AgendaItem, _expires: number): Promise<void> {
    mapAt(this.#table.agenda, item.shard).set(item.key, JSON.stringify(item))
  }

  async list(
    shard: number,
    from: string,
    to: string,
    limit: number,
  ): Promise<readonly AgendaItem[]> {
    return [...mapAt(this.#table.agenda, shard)]
      .filter(([key]) => compareKeys(from, key) < 0 && compareKeys(key, to) <= 0)
      .sort(([a], [b]) => compareKeys(a, b))
      .slice(0, limit)
      .map(([, text]) => JSON.parse(text))
  }
}
