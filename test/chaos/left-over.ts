import { childIdFor, type InvocationId, keyOf, serviceOf } from '@fermata/lambda-runtime/protocol'
import { agendaTime } from '@fermata/orchestrator/domain/agenda/agenda-key'
import { isRunnable, needsPlace, ownTimes } from '@fermata/orchestrator/domain/invocation/due'
import { evolveAll } from '@fermata/orchestrator/domain/invocation/evolve'
import type { InvocationState } from '@fermata/orchestrator/domain/invocation/state'
import type { AgendaEntry, ObjectHead } from '@fermata/orchestrator/ports'
import type { World } from '../unit/engine/world.ts'

/** Time enough for whatever is due to have been seen to, and for the agenda to have said so. Ms. */
export const settledMs = 10_000

/**
 * What is not as it should be when nothing goes on any more, in words; nothing, if all is well. Every invocation has
 * ended, or waits for something that has not happened; what waits for a time stands on the agenda by then (INV-10);
 * the agenda holds nothing that is overdue; no key has anything in line.
 */
export async function leftOver(world: World): Promise<readonly string[]> {
  const states = await readStates(world)
  const agenda = openEntries(world)
  const found = [...states].flatMap(([id, state]) =>
    openBusiness(id, state, { world, states, agenda }),
  )
  return [...found, ...overdue(world, agenda), ...inLine(world, states), ...gathering(world)]
}

type Scene = {
  readonly world: World
  readonly states: ReadonlyMap<InvocationId, InvocationState>
  readonly agenda: readonly AgendaEntry[]
}

async function readStates(world: World): Promise<ReadonlyMap<InvocationId, InvocationState>> {
  const states = new Map<InvocationId, InvocationState>()
  for (const id of world.table.journals.keys()) {
    const state = evolveAll(await world.journal(id))
    if (state !== undefined) states.set(id, state)
  }
  return states
}

function openBusiness(id: InvocationId, state: InvocationState, scene: Scene): readonly string[] {
  const now = scene.world.clock.now()
  const { kind } = state.phase
  if (kind === 'closed') return []
  if (isRunnable(state, now) || needsPlace(state, now)) return [`${id} could go on, and does not`]
  if (kind !== 'suspended' && kind !== 'queued') return [`${id} is ${kind}`]
  return [...endedChildren(id, state, scene), ...forgottenTimes(id, state, scene)]
}

function endedChildren(id: InvocationId, state: InvocationState, scene: Scene): readonly string[] {
  return [...state.calls].flatMap(([op, { target, idempotencyKey }]) => {
    const child = childIdFor(target, { parent: id, op, idempotencyKey })
    const kind = scene.states.get(child)?.phase.kind
    return kind === undefined || kind === 'closed' ? [`${id} waits for ${child}: ${kind}`] : []
  })
}

function forgottenTimes(id: InvocationId, state: InvocationState, scene: Scene): readonly string[] {
  const key = keyOf(id)
  const subjects = [`i:${id}`, ...(key === undefined ? [] : [`k:${serviceOf(id)}#${key}`])]
  const looks = scene.agenda.filter(({ subject }) => subjects.includes(subject))
  const times = ownTimes(state)
  if (times.length === 0) return []
  const first = Math.min(...times)
  return looks.some(({ dueAt }) => dueAt <= first) ? [] : [`nobody looks at ${id} at ${first}`]
}

/** What the cursors have not passed. */
function openEntries({ table }: World): readonly AgendaEntry[] {
  return [...table.agenda].flatMap(([shard, items]) => {
    const cursor = table.shards.get(shard)?.cursor ?? ''
    return [...items]
      .filter(([key]) => key > cursor)
      .flatMap(([, text]): readonly AgendaEntry[] => JSON.parse(text).entries)
  })
}

function overdue({ clock, table }: World, agenda: readonly AgendaEntry[]): readonly string[] {
  const late = agenda.filter(({ dueAt }) => dueAt < clock.now() - settledMs / 2)
  const open = [...table.shards.values()]
    .filter(({ cursor }) => agendaTime(cursor) < clock.now() - settledMs)
    .map(({ shard }) => shard)
  return late
    .map(({ subject, kind, dueAt }) => `${kind} of ${subject} was due at ${dueAt}`)
    .concat(late.length > 0 ? [`cursors stand still: ${open.join()}`] : [])
}

function inLine(
  { table }: World,
  states: ReadonlyMap<InvocationId, InvocationState>,
): readonly string[] {
  return [...table.objects].flatMap(([name, { head, slots }]) => {
    const { done, live }: Pick<ObjectHead, 'done' | 'live'> =
      head === undefined ? { done: 0, live: undefined } : JSON.parse(head)
    const open = [...slots.keys()].filter((n) => n > done)
    const holds = [...states.values()].some(
      ({ created, phase }) =>
        phase.kind === 'suspended' &&
        created.slot === done + 1 &&
        `${created.target.service}#${created.target.key}` === name,
    )
    if (open.length > 0 && !holds) return [`${name} has ${open.join()} in line after ${done}`]
    return live !== undefined && !holds ? [`${name} shows the state of ${live.invocation}`] : []
  })
}

function gathering({ table }: World): readonly string[] {
  return [...table.collectors].flatMap(([name, { head, slots }]) => {
    const { done, range }: { done: number; range?: unknown } =
      head === undefined ? { done: 0 } : JSON.parse(head.text)
    const open = [...slots.keys()].filter((n) => n > done)
    return open.length > 0 || range !== undefined ? [`${name} holds ${open.join()}`] : []
  })
}
