import type { Channel } from '@fermata/lambda-runtime/protocol'
import type {
  Clock,
  CollectorStore,
  FaultPoints,
  Invoker,
  JournalStore,
  Logger,
  ObjectStore,
  Payloads,
  PromiseStore,
  Random,
} from '../../ports/index.ts'
import type { Agenda } from '../agenda/agenda.ts'
import type { Collecting } from '../collect/collecting.ts'
import type { Mailboxes } from '../objects/mailboxes.ts'
import type { Permits } from '../permits.ts'
import type { Directory } from '../services/directory.ts'
import type { Concurrency } from './concurrency.ts'
import type { Guards } from './guards.ts'
import type { OutputWaiters } from './output-waiters.ts'
import type { Sessions } from './sessions.ts'

/** Times by which the engine goes. All in ms. */
export type EngineTimes = {
  /** After this an open invocation that is neither finished nor waiting is looked at again (INV-10). */
  readonly watchMs: number
  /** A live handler shows itself in its journal after this long, and then every `aliveEveryMs`. */
  readonly aliveAfterMs: number
  readonly aliveEveryMs: number
  /** What a function may need to start, and a write to arrive, on top of these. */
  readonly marginMs: number
  /** When a driver begins to read the tail of a running attempt, and how far it backs off. */
  readonly tailAfterMs: number
  readonly tailMaxMs: number
}

/** What the parts of the engine share. */
export type EngineDeps = {
  readonly sessions: Sessions
  readonly guards: Guards
  readonly agenda: Agenda
  readonly journals: JournalStore
  readonly permits: Permits
  readonly concurrency: Concurrency
  readonly directory: Directory
  readonly invoker: Invoker
  /** Of use at edges alone: what is passed on inside stays packed. */
  readonly payloads: Payloads
  readonly promises: PromiseStore
  readonly objects: ObjectStore
  readonly mailboxes: Mailboxes
  readonly collectors: CollectorStore
  readonly collecting: Collecting
  readonly waiters: OutputWaiters
  readonly clock: Clock
  readonly random: Random
  readonly faults: FaultPoints
  readonly logger: Logger
  readonly channel: Channel
  readonly times: EngineTimes
  /** Aborts when this replica stops: what is under way is left to others. */
  readonly stopping: AbortSignal
}
