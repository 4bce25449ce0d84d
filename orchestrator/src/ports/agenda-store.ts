/** What a subject is looked at for. All kinds count the same; the kind helps people and batching. */
export type AgendaKind = 'watch' | 'timer' | 'retry' | 'retain'

/** "Look at `subject` at `dueAt`" (epoch ms). A subject is `i:<invocation id>` (keys and promises come later). */
export type AgendaEntry = {
  readonly subject: string
  readonly dueAt: number
  readonly kind: AgendaKind
}

/** One flush of one replica into one shard. `key` sorts by time: 15 digits of epoch ms, `#`, a unique rest. */
export type AgendaItem = {
  readonly shard: number
  readonly key: string
  readonly entries: readonly AgendaEntry[]
}

export interface AgendaStore {
  put(item: AgendaItem, expires: number): Promise<void>
  /** Items of a shard with `from < key <= to`, by key, consistent, at most `limit`. */
  list(shard: number, from: string, to: string, limit: number): Promise<readonly AgendaItem[]>
}
