import { createMemoryStores } from '@fermata/orchestrator/adapters/memory/stores'
import {
  type Agenda,
  createAgenda,
  type NudgeAnswer,
  type Ticket,
} from '@fermata/orchestrator/engine/agenda/agenda'
import type { AgendaOptions } from '@fermata/orchestrator/engine/agenda/agenda-options'
import type {
  AgendaEntry,
  AgendaItem,
  AgendaKind,
  AgendaStore,
  LeaseStore,
  Logger,
} from '@fermata/orchestrator/ports'
import {
  createSeededRandom,
  createVirtualClock,
  type VirtualClock,
  type VirtualProcess,
} from '../../../support/sim-clock.ts'
import { type Stallable, stallable } from './stallable.ts'

const options = {
  shards: 8,
  leaseMs: 2_500,
  heartbeatMs: 500,
  marginMs: 500,
  lookMs: 250,
  watchMs: 30_000,
} satisfies Partial<AgendaOptions>

/** The longest until the death of a replica is noticed and its shards are taken: lease, margin, two looks. */
export const takeoverMs = 3_600

export type Nudged = { readonly by: string; readonly subject: string; readonly at: number }

/** Several replicas' agendas on one table, in one time. */
export type World = {
  readonly clock: VirtualClock
  readonly leases: LeaseStore
  readonly store: AgendaStore
  readonly nudges: Nudged[]
  /** What a look at a subject comes to: nothing more to do, unless a test says otherwise. */
  answer: (entry: AgendaEntry, by: string) => Promise<NudgeAnswer> | NudgeAnswer
  start(name: string, settings?: ReplicaSettings): Promise<Replica>
  create(name: string, settings?: ReplicaSettings): Replica
  nudged(subject: string): readonly Nudged[]
  /** All items that were ever written. */
  items(): Promise<readonly AgendaItem[]>
}

export type ReplicaSettings = {
  readonly options?: Partial<AgendaOptions>
  readonly wallOffsetMs?: number
}

export type Replica = {
  readonly name: string
  readonly agenda: Agenda
  readonly process: VirtualProcess
  readonly leases: Stallable<LeaseStore>
  readonly store: Stallable<AgendaStore>
  /** Adds, and lets time pass until it counts. */
  add(subject: string, inMs: number, kind?: AgendaKind): Promise<Ticket>
}

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
}

export function createWorld(seed = 1): World {
  const clock = createVirtualClock()
  const stores = createMemoryStores({ clock })
  let seeds = seed * 1_000
  const world: World = {
    clock,
    leases: stores.leases,
    store: stores.agenda,
    nudges: [],
    answer: () => ({ kind: 'retire' }),
    async start(name, settings) {
      const replica = world.create(name, settings)
      await promptly(clock, replica.agenda.start())
      return replica
    },
    create(name, settings = {}) {
      const process = clock.process({ wallOffsetMs: settings.wallOffsetMs ?? 0 })
      const leases = stallable(stores.leases)
      const store = stallable(stores.agenda)
      const agenda = createAgenda({
        agendaStore: process.guard(store.port),
        leaseStore: process.guard(leases.port),
        clock: process.clock,
        random: createSeededRandom(seeds++),
        logger: silent,
        faults: { reach: () => undefined },
        replicaId: name,
        options: { ...options, ...settings.options },
        nudge: async (entry) => {
          world.nudges.push({ by: name, subject: entry.subject, at: clock.now() })
          return await world.answer(entry, name)
        },
      })
      const add = (subject: string, inMs: number, kind: AgendaKind = 'watch') =>
        promptly(clock, agenda.add({ subject, kind, dueAt: process.clock.now() + inMs }))
      return { name, agenda, process, leases, store, add }
    },
    nudged: (subject) => world.nudges.filter((nudge) => nudge.subject === subject),
    async items() {
      const all = await Promise.all(
        Array.from({ length: options.shards }, (_, shard) =>
          stores.agenda.list(shard, '', '9', Number.POSITIVE_INFINITY),
        ),
      )
      return all.flat()
    },
  }
  return world
}

/** Waits for `work`, letting as much time pass as it takes: at most a minute. */
export async function promptly<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let open = true
  const over = work.finally(() => {
    open = false
  })
  over.catch(() => undefined)
  for (let steps = 0; open && steps < 6_000; steps++) await clock.advance(steps < 200 ? 1 : 10)
  if (open) throw new Error('It did not come to an end')
  return await over
}
