import type { EntryOf, InvocationId, Target, Value } from '@fermata/lambda-runtime/protocol'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { Stimulus } from '../../domain/invocation/stimulus.ts'
import type { ObjectRef } from '../../ports/index.ts'
import type { Manner } from '../objects/mailbox.ts'
import type { Permit } from '../permits.ts'
import type { JournalSession } from './journal-session.ts'

/** An invocation to be. Its id follows from where it comes from, so creating it twice is creating it once (INV-9). */
export type Creation = {
  readonly id: InvocationId
  readonly target: Target
  readonly input: Value
  readonly headers: Readonly<Record<string, string>>
  readonly origin: EntryOf<'created'>['origin']
  readonly idempotencyKey: string | undefined
  /** Epoch ms. */
  readonly notBefore: number | undefined
  /** At least this long is it kept; its handler's policy may say longer. Ms. */
  readonly minRetentionMs: number
  /** It gets its place in the mailbox of its key later: it is to wait first, or nobody serves it now. */
  readonly slot?: 0
  /** Whose work it does again. */
  readonly restartOf?: NonNullable<EntryOf<'created'>['restartOf']>
}

export type Created = {
  readonly status: 'accepted' | 'duplicate'
  /** As this replica knows it; `undefined` only if it has expired in the meantime. */
  readonly state: InvocationState | undefined
}

export type CreateOptions = {
  /**
   * Who makes sure of it until it is acknowledged: a source that asks again (a Kafka record, a key, a parent's
   * journal), so agenda and journal may be written side by side; or nobody, then the agenda goes first.
   */
  readonly source: 'asks-again' | 'asks-once'
  /** Leave to run at once. Taken over: whoever creates releases it. */
  readonly permit: Permit | undefined
}

export type Told = {
  readonly state: InvocationState
  /** The news made a difference: it was written. */
  readonly appended: boolean
}

/** What the parts of the engine ask of each other. */
export interface Work {
  /** Durable and on the agenda when it resolves (INV-10). */
  create(creation: Creation, options: CreateOptions): Promise<Created>
  /** Brings news to an invocation and starts what it sets free. `undefined`: there is no such invocation. */
  stimulate(
    id: InvocationId,
    stimulus: Stimulus,
    source: CreateOptions['source'],
  ): Promise<Told | undefined>
  /** Runs the current attempt, in the background. The session is busy from now on. */
  drive(session: JournalSession, permit: Permit): void
  /** Watches an attempt that another replica began, in the background. */
  adopt(session: JournalSession): void
  /** Does what is left to do once nothing of it runs here, in the background. It must stand on the agenda already. */
  settle(session: JournalSession): void
  /** Starts what can move as soon as there is a permit, in the background. It must stand on the agenda already. */
  wakeLater(id: InvocationId): void
  /** Sees to it that the next slot of a key has its turn, in the background. It must stand on the agenda already. */
  advance(ref: ObjectRef, manner: Manner): void
  /** Queues up an invocation that has waited for that. Durable and on the agenda when it resolves. */
  place(session: JournalSession): Promise<void>
}
