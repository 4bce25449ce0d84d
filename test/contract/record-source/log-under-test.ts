import type { RecordSource } from '@fermata/orchestrator/ports'

/** One process that consumes: it can lose its way to the log, and die. */
export interface MemberUnderTest {
  readonly source: RecordSource
  /** Nothing gets through any more, in either direction; whoever is connected does not notice. */
  disconnect(): void
  reconnect(): void
  close(): Promise<void>
}

export type MemberOptions = {
  readonly commitMs?: number
  readonly window?: number
  readonly settleMs?: number
  readonly stopMs?: number
}

/** What a `RecordSource` consumes, as the contract needs it. */
export interface LogUnderTest {
  readonly cluster: string
  readonly sessionTimeoutMs: number
  createTopic(topic: string, partitions: number): Promise<void>
  produce(topic: string, partition: number, records: readonly TestRecord[]): Promise<void>
  deleteBefore(topic: string, partition: number, offset: number): Promise<void>
  member(options?: MemberOptions): Promise<MemberUnderTest>
  stop(): Promise<void>
}

export type TestRecord = {
  readonly key?: string
  readonly value: string | null
  readonly headers?: Readonly<Record<string, string>>
}

export function numbered(from: number, to: number): TestRecord[] {
  return Array.from({ length: to - from }, (_, index) => ({ value: String(from + index) }))
}
