import type {
  EntryOf,
  Failure,
  InvocationId,
  OpStatus,
  Outcome,
  PromiseRef,
  Value,
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

/** What an exclusive handler changed of its object's state so far: `undefined` is a value that it cleared. */
export type StatePatch = {
  /** Everything that was there before is gone. */
  readonly cleared: boolean
  readonly values: ReadonlyMap<string, Value | undefined>
}

/** Signals by name: ops that wait for one, and how many came for which nobody waits yet. */
export type SignalLine = { readonly waits: readonly number[]; readonly early: number }

/** Fails the awakeable when nothing was heard for `everyMs`, at `dueAt` (epoch ms). */
export type Deadline = { readonly everyMs: number; readonly dueAt: number }

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
  /** Calls without an outcome: whom they are to. */
  readonly calls: ReadonlyMap<number, EntryOf<'call'>>
  /** Durable promises that it waits for. */
  readonly promises: ReadonlyMap<number, PromiseRef>
  /** Of awakeables that are to show signs of life. */
  readonly deadlines: ReadonlyMap<number, Deadline>
  readonly signals: ReadonlyMap<string, SignalLine>
  readonly signalIds: ReadonlySet<string>
  /** Its handler is to get a CancelledError: `told` to the attempt that began since; `surfaced`: it has got it. */
  readonly cancel: 'none' | 'asked' | 'told' | 'surfaced'
  readonly killed: boolean
  readonly patch: StatePatch
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
