import type { AgendaItem, AgendaStore } from '../../ports/index.ts'
import { agendaKey, decodeAgendaItem, encodeAgendaItem } from './agenda-item.ts'
import type { DynamoTable } from './dynamo-table.ts'
import type { GroupCommit } from './group-commit.ts'

export class DynamoAgendaStore implements AgendaStore {
  readonly #table: DynamoTable
  readonly #puts: GroupCommit

  constructor(table: DynamoTable, puts: GroupCommit) {
    this.#table = table
    this.#puts = puts
  }

  async put(item: AgendaItem, expires: number): Promise<void> {
    const encoded = encodeAgendaItem(item, expires)
    const put = await this.#puts.put({ family: 'agenda', item: encoded })
    // The answer to an earlier try was lost, or the caller puts it again: the last put counts.
    if (put.kind === 'clash') await this.#table.put('agenda', encoded)
  }

  async list(
    shard: number,
    from: string,
    to: string,
    limit: number,
  ): Promise<readonly AgendaItem[]> {
    if (from >= to || limit <= 0) return []
    // DynamoDB knows "between" with both ends and "after", but not both at once.
    const range =
      from === ''
        ? { expression: 'sk <= :to', values: { ':to': { S: to } } }
        : {
            expression: 'sk BETWEEN :from AND :to',
            values: { ':from': { S: from }, ':to': { S: to } },
          }
    const items = await this.#table.query({ pk: agendaKey(shard), range, limit: limit + 1 })
    return items
      .map((item) => decodeAgendaItem(shard, item))
      .filter(({ key }) => key !== from)
      .slice(0, limit)
  }
}
