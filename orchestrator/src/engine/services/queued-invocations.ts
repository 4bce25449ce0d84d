import {
  type EntryOf,
  type InvocationId,
  keyOf,
  parseInvocationId,
  serviceOf,
} from '@fermata/lambda-runtime/protocol'
import { evolveAll } from '../../domain/invocation/evolve.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { JournalStore } from '../../ports/index.ts'

/** A slot of a key's mailbox that is not done with: its first one is at work, the others wait. */
export type QueuedInvocation = {
  readonly id: InvocationId
  readonly created: EntryOf<'created'>
  /** When it was taken in, epoch ms. */
  readonly at: number
}

export type NamedDeps = {
  readonly journals: JournalStore
  /** The open slots of a key, in order. */
  readonly queue: (service: string, key: string) => Promise<readonly QueuedInvocation[]>
}

/** An invocation that the agenda names; `queued` where it is named by its key. */
export type Named = { readonly id: InvocationId; readonly queued: QueuedInvocation | undefined }

/** The invocations that an agenda entry names: none, one, or all that wait for a key. */
export async function namedBy(deps: NamedDeps, subject: string): Promise<readonly Named[]> {
  if (subject.startsWith('i:'))
    return [{ id: parseInvocationId(subject.slice(2)), queued: undefined }]
  if (!subject.startsWith('k:')) return []
  const [, service = '', key = ''] = /^k:([^#]*)#(.*)$/s.exec(subject) ?? []
  const queue = await deps.queue(service, key)
  return queue.map((queued) => ({ id: queued.id, queued }))
}

/**
 * How an invocation stands now, read only: by its journal, or by its slot where it has not begun.
 * `undefined`: it does not exist, or has expired.
 */
export async function readNamed(
  { journals }: NamedDeps,
  { id, queued }: Named,
): Promise<InvocationState | undefined> {
  const { segments } = await journals.load(id)
  return evolveAll(segments) ?? (queued && stateOfSlot(queued))
}

function stateOfSlot({ created, at }: QueuedInvocation): InvocationState | undefined {
  const segment = {
    protocol: 1,
    n: 0,
    born: '',
    epoch: 0,
    by: 'orchestrator',
    writer: '',
    at,
  } as const
  return evolveAll([{ ...segment, entries: [created] }])
}

/** Of which service, and of which key, an agenda entry speaks: known without a read. */
export function addressOf(
  subject: string,
): { readonly service: string; readonly key: string | undefined } | undefined {
  const keyed = /^k:([^#]*)#(.*)$/s.exec(subject)
  if (keyed !== null) return { service: keyed[1] ?? '', key: keyed[2] }
  if (!subject.startsWith('i:')) return undefined
  const id = parseInvocationId(subject.slice(2))
  return { service: serviceOf(id), key: keyOf(id) }
}
