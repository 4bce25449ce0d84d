import type { EntryOf, InvocationId } from '@fermata/lambda-runtime/protocol'
import { keyOf, serviceOf } from '@fermata/lambda-runtime/protocol'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { Stimulus } from '../../domain/invocation/stimulus.ts'
import { doneOf } from '../../domain/objects/head.ts'
import { decidePreface, queuedState } from '../../domain/objects/mail.ts'
import type { ObjectRef, ObjectStore, Slot } from '../../ports/index.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { JournalSession } from '../invocations/journal-session.ts'
import type { Told } from '../invocations/work.ts'

/** An invocation in the mailbox of its key. */
export type Queued = {
  readonly slot: Slot
  readonly created: EntryOf<'created'>
  /** 0: its turn has come. */
  readonly ahead: number
}

const page = 100

/** The key that an invocation is for: its id tells. */
export function refOfId(id: InvocationId): ObjectRef | undefined {
  const key = keyOf(id)
  return key === undefined ? undefined : { service: serviceOf(id), key }
}

/** Its first slot among those that are not over, and count. */
export async function findQueued(
  objects: ObjectStore,
  id: InvocationId,
): Promise<Queued | undefined> {
  const ref = refOfId(id)
  if (ref === undefined) return undefined
  const head = await objects.head(ref)
  let ahead = 0
  for (let from = (head?.done ?? 0) + 1; ; ) {
    const slots = await objects.slots(ref, from, page)
    for (const slot of slots) {
      const { mail, mark } = slot
      if (mail.kind === 'invocation' && mail.invocation === id && mark !== 'void') {
        return { slot, created: mail.created, ahead }
      }
      ahead += 1
    }
    const last = slots.at(-1)
    if (last === undefined || slots.length < page) return undefined
    from = last.n + 1
  }
}

/** How an invocation stands, be it by its journal or by its place in a mailbox. `undefined`: there is none. */
export async function lookUp(
  { objects }: EngineDeps,
  session: JournalSession,
): Promise<InvocationState | undefined> {
  const state = await session.refresh()
  if (state !== undefined) return state
  const queued = await findQueued(objects, session.id)
  // One that is not in line any more has begun meanwhile, or never was.
  if (queued === undefined) {
    return refOfId(session.id) === undefined ? undefined : session.refresh()
  }
  return queuedState(queued.slot, queued.created, session.segments)
}

/** Whether what a closed holder changed can be seen by others: who has an output may rely on it. */
export async function isReleased(
  { objects }: EngineDeps,
  { created: { slot = 0, target } }: InvocationState,
): Promise<boolean> {
  if (slot === 0 || target.key === undefined) return true
  const ref = { service: target.service, key: target.key }
  const head = await objects.head(ref)
  if (head !== undefined) return head.done >= slot
  const [first] = await objects.slots(ref, 1, 1)
  return doneOf(head, first) >= slot || first === undefined
}

/**
 * Brings news to an invocation that waits in a mailbox: its journal begins with it. The slot stands on the agenda by its
 * key, so the news needs no entry of its own. `begun`: it has a journal now; tell it the usual way.
 */
export async function tellQueued(
  { objects }: EngineDeps,
  session: JournalSession,
  stimulus: Stimulus,
): Promise<Told | 'begun' | undefined> {
  const queued = await findQueued(objects, session.id)
  if (queued === undefined) {
    const isKeyed = refOfId(session.id) !== undefined
    return isKeyed && (await session.refresh()) !== undefined ? 'begun' : undefined
  }
  const { created, slot } = queued
  const told = await session.preface(
    (before) => decidePreface(created, before, stimulus),
    slot.expires,
  )
  if (told === 'exists') return 'begun'
  const state = queuedState(slot, created, session.segments)
  return state === undefined ? undefined : { state, appended: told === 'told' }
}
