import {
  type EntryOf,
  type InvocationId,
  keyOf,
  parseInvocationId,
  serviceOf,
} from '@fermata/lambda-runtime/protocol'
import { evolveAll } from '../../domain/invocation/evolve.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import { queuedState } from '../../domain/objects/mail.ts'
import type { JournalStore, ObjectRef, ObjectStore, Slot } from '../../ports/index.ts'

export type NamedDeps = {
  readonly journals: Pick<JournalStore, 'load'>
  readonly objects: Pick<ObjectStore, 'head' | 'slots'>
}

/** An invocation that the agenda names; `waits`: it is named by its key, and stands in the key's mailbox. */
export type Named = {
  readonly id: InvocationId
  readonly waits: { readonly slot: Slot; readonly created: EntryOf<'created'> } | undefined
}

const pageSize = 100

/** Of which service, and of which key, an agenda entry speaks: known without a read. `undefined`: of no invocation. */
export function addressOf(
  subject: string,
): { readonly service: string; readonly key: string | undefined } | undefined {
  const queue = queueIn(subject)
  if (queue !== undefined) return queue
  if (!subject.startsWith('i:')) return undefined
  const id = parseInvocationId(subject.slice(2))
  return { service: serviceOf(id), key: keyOf(id) }
}

/** The invocations that an agenda entry names: none, one, or all that a key is not done with. */
export async function namedBy({ objects }: NamedDeps, subject: string): Promise<readonly Named[]> {
  const queue = queueIn(subject)
  if (queue !== undefined) return openSlots(objects, queue)
  if (!subject.startsWith('i:')) return []
  return [{ id: parseInvocationId(subject.slice(2)), waits: undefined }]
}

/**
 * How an invocation stands now, read only: by its journal, or by its slot where it has not begun.
 * `undefined`: it does not exist, or has expired.
 */
export async function readNamed(
  { journals }: NamedDeps,
  { id, waits }: Named,
): Promise<InvocationState | undefined> {
  const { segments } = await journals.load(id)
  return evolveAll(segments) ?? (waits && queuedState(waits.slot, waits.created, segments))
}

function queueIn(subject: string): ObjectRef | undefined {
  const [, service, key] = /^k:([^#]*)#(.*)$/s.exec(subject) ?? []
  return service === undefined || key === undefined ? undefined : { service, key }
}

async function openSlots(objects: NamedDeps['objects'], ref: ObjectRef): Promise<readonly Named[]> {
  const head = await objects.head(ref)
  const found: Named[] = []
  for (let from = (head?.done ?? 0) + 1; ; ) {
    const slots = await objects.slots(ref, from, pageSize)
    found.push(...slots.flatMap(inSlot))
    const last = slots.at(-1)
    if (last === undefined || slots.length < pageSize) return found
    from = last.n + 1
  }
}

function inSlot(slot: Slot): readonly Named[] {
  const { mail, mark } = slot
  if (mail.kind !== 'invocation' || mark === 'void') return []
  return [{ id: mail.invocation, waits: { slot, created: mail.created } }]
}
