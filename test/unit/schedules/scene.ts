import type { Manifest, ManifestHandler, ScheduleInput } from '@fermata/lambda-runtime/protocol'
import { decodeRequest } from '@fermata/lambda-runtime/protocol'
import type { FunctionCode } from '@fermata/orchestrator/adapters/memory-invoker/memory-invoker'
import type { ScheduleRequest } from '@fermata/orchestrator/ports'
import { completed, createWorld, scripted, until, type World } from '../engine/world.ts'

const address = 'arn:aws:lambda:eu-west-1:123456789012:function:reports:1'

export type Ran = {
  readonly tick: number
  readonly schedule: string
  readonly id: string
  readonly at: number
}

export type Scene = {
  readonly world: World
  /** The ticks that were made, each attempt of them. */
  readonly ran: Ran[]
}

/** A world with a function `reports` that notes for which tick it runs. */
export function createScene(seed?: number): Scene {
  const world = createWorld(seed)
  const ran: Ran[] = []
  world.functions.set(address, noting(world, ran))
  return { world, ran }
}

function noting(world: World, ran: Ran[]): FunctionCode {
  return scripted({
    reports: ({ journal, invocation }) => {
      const created = journal[0]?.entries.find((entry) => entry.kind === 'created')
      if (created?.kind === 'created' && created.origin.kind === 'schedule') {
        const { tick, schedule } = created.origin
        ran.push({ tick, schedule, id: invocation, at: world.clock.now() })
      }
      return { status: completed('done') }
    },
  })
}

/** The same function as another version, whose code says when it runs. */
export function deployScheduled(
  { world, ran }: Scene,
  version: number,
  schedule: ScheduleInput | undefined,
  mode: ManifestHandler['mode'] = 'stateless',
): string {
  const at = address.replace(/\d+$/, String(version))
  const code = noting(world, ran)
  world.functions.set(at, async (event, call) => {
    if (decodeRequest(event).kind !== 'discover') return code(event, call)
    const manifest: Manifest = {
      protocol: 1,
      kind: 'manifest',
      sdk: 'scripted',
      services: [
        {
          name: 'reports',
          kind: mode === 'exclusive' ? 'object' : mode === 'workflow' ? 'workflow' : 'service',
          handlers: [{ name: 'process', mode, ...(schedule === undefined ? {} : { schedule }) }],
        },
      ],
    }
    return manifest
  })
  return at
}

export function every(
  everyMs: number,
  catchUp: ScheduleRequest['catchUp'] = 'all',
): ScheduleRequest {
  return {
    target: { service: 'reports', handler: 'process' },
    input: { json: 'now' },
    timing: { kind: 'every', everyMs },
    catchUp,
  }
}

export const ticksOf = (ran: readonly Ran[]) => ran.map(({ tick }) => tick)
export const idsOf = (ran: readonly Ran[]) => [...new Set(ran.map(({ id }) => id))]

/** Multiples of `everyMs` after `from`, up to `to`. */
export function multiples(everyMs: number, from: number, to: number): number[] {
  const first = Math.floor(from / everyMs) + 1
  const count = Math.floor(to / everyMs) - first + 1
  return Array.from({ length: Math.max(0, count) }, (_, i) => (first + i) * everyMs)
}

/** Lets simulated time go on while `work` is under way. */
export async function meanwhile<T>(world: World, work: Promise<T>): Promise<T> {
  let over = false
  const settled = () => {
    over = true
  }
  work.then(settled, settled)
  await until(world.clock, () => over, 30_000)
  return work
}
