import type { StateCell, Value } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import { hasRoom, patchOf } from '../../domain/objects/cells.ts'
import type {
  ObjectAdmin,
  ObjectHead,
  ObjectRef,
  ObjectView,
  QueuedView,
  Slot,
  StateChange,
  StateChanged,
} from '../../ports/index.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { Work } from '../invocations/work.ts'
import { takePlace } from '../objects/enqueue.ts'
import { waitsOf } from './waits.ts'

/** A longer value is not shown. */
const shownBytes = 64 * 1024
const editPollMs = 50
/** So long a change waits for its turn before it is answered that it waits. */
const editWaitMs = 5_000

/** What operators see of objects and workflows, and change. */
export function createObjectAdmin(deps: EngineDeps, work: Work): ObjectAdmin {
  return {
    object: (ref, page) => view(deps, ref, page),
    changeState: (ref, change) => changeState(deps, work, ref, change),
    waits: (id) => waitsOf(deps, id),
  }
}

async function view(
  deps: EngineDeps,
  ref: ObjectRef,
  { from, limit }: { readonly from: number | undefined; readonly limit: number },
): Promise<ObjectView> {
  const { objects } = deps
  const head = await objects.head(ref)
  const next = (head?.done ?? 0) + 1
  const [first] = await objects.slots(ref, next, 1)
  const [slots, last] = await Promise.all([
    objects.slots(ref, Math.max(from ?? 0, next), limit + 1),
    objects.lastSlot(ref),
  ])
  if (head === undefined && first === undefined) throw notFound(ref)
  return {
    ...ref,
    version: head?.version ?? 0,
    holder: first?.mail.kind === 'invocation' ? first.mail.invocation : undefined,
    queued: first === undefined ? 0 : last - first.n + 1,
    queue: slots.slice(0, limit).map(queuedView),
    next: slots[limit]?.n,
    state: await stateOf(deps, ref, head),
  }
}

function queuedView({ n, at, mail }: Slot): QueuedView {
  const isEdit = mail.kind === 'edit'
  return {
    slot: n,
    at,
    invocation: isEdit ? undefined : mail.invocation,
    handler: isEdit ? undefined : mail.created.target.handler,
  }
}

function stateOf(
  deps: EngineDeps,
  ref: ObjectRef,
  head: ObjectHead | undefined,
): Promise<ObjectView['state']> {
  return Promise.all(
    (head?.cells ?? []).map(async (cell) => [cell.name, await shown(deps, ref, cell)] as const),
  )
}

async function shown(
  { objects, payloads }: EngineDeps,
  ref: ObjectRef,
  cell: StateCell,
): Promise<Value | { readonly bytes: number }> {
  if ('value' in cell) return payloads.open(cell.value)
  const { bytes, name, slot } = cell
  const value = bytes > shownBytes ? undefined : await objects.value(ref, { name, slot })
  return value === undefined ? { bytes } : payloads.open(value)
}

async function changeState(
  deps: EngineDeps,
  work: Work,
  ref: ObjectRef,
  change: StateChange,
): Promise<StateChanged> {
  const { directory, mailboxes, objects, payloads, random } = deps
  const isServed = directory
    .all()
    .some(({ manifest }) =>
      manifest.services.some(({ name, kind }) => name === ref.service && kind !== 'service'),
    )
  if (!isServed) throw notFound(ref)
  const version = (await objects.head(ref))?.version ?? 0
  if (change.version !== undefined && change.version !== version) {
    throw mismatch(ref, change.version, version)
  }
  const values = await Promise.all(
    change.values.map(async ([name, value]) => {
      const place = { service: ref.service, lasting: 'state' } as const
      return [name, value === null ? null : await payloads.pack(value, place)] as const
    }),
  )
  const { retentionMs } = directory.policyOf({ service: ref.service, handler: '' })
  const patch = { cleared: change.replace, values }
  if (!hasRoom([], patchOf(patch))) throw noRoom(ref)
  const edit = { id: random.nonce(), version: change.version, patch }
  const mail = { kind: 'edit', edit, retentionMs } as const
  const mailbox = mailboxes.of(ref)
  const { slot } = await mailbox.accepting(() =>
    takePlace(deps, mailbox, mail, { search: 'near', source: 'asks-once' }),
  )
  work.advance(ref, 'turn')
  return outcomeOf(deps, ref, slot, change)
}

async function outcomeOf(
  { clock, objects, stopping }: EngineDeps,
  ref: ObjectRef,
  { n }: Slot,
  change: StateChange,
): Promise<StateChanged> {
  const end = clock.monotonic() + editWaitMs
  for (;;) {
    const head = await objects.head(ref)
    if (head !== undefined && head.done >= n) {
      const [slot] = await objects.slots(ref, n, 1)
      const mark = slot?.n === n ? slot.mark : undefined
      return changed(ref, mark, { asked: change.version, is: head.version })
    }
    if (clock.monotonic() >= end || stopping.aborted) return { status: 'queued', slot: n }
    await clock.sleep(editPollMs, stopping)
  }
}

function changed(
  ref: ObjectRef,
  mark: Slot['mark'],
  { asked, is }: { readonly asked: number | undefined; readonly is: number },
): StateChanged {
  if (mark === 'too-large') throw noRoom(ref)
  if (mark === 'void' && asked !== undefined) throw mismatch(ref, asked, is)
  return { status: 'applied', version: is }
}

function notFound({ service, key }: ObjectRef): FermataError {
  return new FermataError('object-not-found', `There is nothing at ${service}/${key}`)
}

function noRoom({ service, key }: ObjectRef): FermataError {
  const message = `The names in the state of ${service}/${key} would take more room than there is`
  return new FermataError('state-names-too-large', message)
}

function mismatch({ service, key }: ObjectRef, asked: number, is: number): FermataError {
  const message = `The state of ${service}/${key} has version ${is}, not ${asked}: read it again`
  return new FermataError('state-version-mismatch', message)
}
