import type {
  EntryOf,
  Failure,
  InvocationId,
  OpStatus,
  Outcome,
  Waiting,
} from '@fermata/lambda-runtime/protocol'

/** Where an invocation stands. */
export type Phase =
  /** Created; no attempt yet. */
  | { readonly kind: 'queued' }
  | { readonly kind: 'running'; readonly startedAt: number; readonly alive: boolean }
  | { readonly kind: 'suspended'; readonly waitingOn: Waiting }
  | { readonly kind: 'backing-off'; readonly retryAt: number }
  | { readonly kind: 'paused' }
  | { readonly kind: 'closed'; readonly outcome: Outcome }

export type Waiter = { readonly invocation: InvocationId; readonly op: number }

/** A journal, folded. Everything that decides is in here; user data is not, but for the outcome. */
export type InvocationState = {
  readonly created: EntryOf<'created'>
  readonly createdAt: number
  readonly updatedAt: number
  readonly born: string
  /** The number that the next segment gets. */
  readonly next: number
  readonly phase: Phase
  /** Attempts begun; the current one's number. */
  readonly epoch: number
  readonly deployment: string | undefined
  /** The last handler segment of this epoch: whose it is binds the epoch to one writer. */
  readonly lastHandler: { readonly n: number; readonly writer: string } | undefined
  /** Greatest op number seen, plus one. */
  readonly ops: number
  /** Ops with a result, from inside or outside. */
  readonly settled: ReadonlyMap<number, Exclude<OpStatus, 'pending'>>
  /** Sleeps without a completion: op → epoch ms. */
  readonly sleeps: ReadonlyMap<number, number>
  /** Awakeables that exist, completed or not. */
  readonly awakeables: ReadonlySet<number>
  /** Other invocations to tell the outcome, beside the caller in `created.origin`. */
  readonly waiters: readonly Waiter[]
  /** Attempts failed in a row without progress, and when the first of them failed. */
  readonly failures: number
  readonly failingSince: number | undefined
  readonly lastFailure: Failure | undefined
  /** Handler segments that their epoch did not allow: nothing in them counts (INV-2). */
  readonly refused: ReadonlySet<number>
  /** Effects of segments up to this one are known to be carried out; -1: none. */
  readonly carried: number
}
