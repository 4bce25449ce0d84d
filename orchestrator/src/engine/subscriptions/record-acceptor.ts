import type { Receiver, RecordInvocation } from '../../domain/subscriptions/route-record.ts'

/** A record's invocation, and what bounds it. */
export type AcceptRequest = RecordInvocation & {
  readonly limits: {
    readonly subscription: string
    readonly running: number | undefined
  }
}

/** Turns records into invocations: what consuming needs of the rest of the engine. */
export interface RecordAcceptor {
  /**
   * Durable and on the agenda when it resolves. Waits for capacity (backpressure) until the signal aborts.
   * `duplicate`: it exists already, with the same record timestamp.
   *
   * @throws FermataError `topic-recreated` when the existing invocation's record has another timestamp
   */
  accept(request: AcceptRequest, signal: AbortSignal): Promise<'accepted' | 'duplicate'>
}

/** Which handlers are served. */
export interface HandlerDirectory {
  /** As far as this replica has heard. */
  has(service: string, handler: string): boolean
  /** How it takes records, as far as this replica has heard; `undefined`: not at all. */
  receiver(service: string, handler: string): Receiver | undefined
  /** Asks the registry. */
  refresh(): Promise<void>
}
