import type { Manifest } from '@fermata/lambda-runtime/protocol'
import { createMemoryStores } from '@fermata/orchestrator/adapters/memory/stores'
import { createCronCalendar } from '@fermata/orchestrator/adapters/system/cron-calendar'
import { reconcile } from '@fermata/orchestrator/engine/schedules/reconcile'
import type { ScheduleDeps } from '@fermata/orchestrator/engine/schedules/schedule-deps'
import { createScheduleRegistry } from '@fermata/orchestrator/engine/schedules/schedule-registry'
import type { Deployment } from '@fermata/orchestrator/engine/services/deployment-document'
import { expect, test } from 'vitest'
import { createVirtualClock } from '../../support/sim-clock.ts'

function version(n: number, everyMs: number | undefined): Deployment {
  const schedule = everyMs === undefined ? {} : { schedule: { everyMs } }
  const manifest: Manifest = {
    protocol: 1,
    kind: 'manifest',
    sdk: 'test',
    services: [
      { name: 'r', kind: 'service', handlers: [{ name: 'h', mode: 'stateless', ...schedule }] },
    ],
  }
  return { id: `dp_${n}`, address: `f:${n}`, createdAt: n, manifest }
}

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }

function replicas() {
  const clock = createVirtualClock()
  const { registry } = createMemoryStores({ clock })
  const schedules = createScheduleRegistry(registry, silent)
  /** A replica that sees these deployments; `meanwhile` happens just before it reads them. */
  const replica = (seen: readonly Deployment[], meanwhile = async () => {}): ScheduleDeps => ({
    registry: schedules,
    calendar: createCronCalendar(),
    agenda: {
      add: async (entry) => ({ entry }),
      counts: () => true,
      retire: () => undefined,
    },
    directory: { refresh: meanwhile, all: () => seen } as ScheduleDeps['directory'],
    work: { create: () => Promise.reject(new Error('nothing is due')) },
    clock,
    faults: { reach: () => undefined },
    logger: silent,
    watchMs: 30_000,
  })
  const everyMs = async () => {
    const document = (await schedules.read('r/h'))?.document
    if (document === undefined || document.removed) return undefined
    return document.spec.timing.kind === 'every' ? document.spec.timing.everyMs : undefined
  }
  return { replica, everyMs }
}

const [v1, v2, none] = [version(1, 1_000), version(2, 2_000), version(3, undefined)]

test.for([
  ['a change', [v2, v1], 2_000],
  ['a removal', [none, v2, v1], undefined],
] as const)(
  'a replica that has not heard of a new version does not undo %s',
  async ([, seen, expected]) => {
    const { replica, everyMs } = replicas()
    await reconcile(replica([v1]))
    expect(await everyMs()).toBe(1_000)
    await reconcile(replica([v1], () => reconcile(replica(seen))))
    expect(await everyMs()).toBe(expected)
  },
)

test('a version that is gone does not hold on to its schedule, nor to its removal', async () => {
  const { replica, everyMs } = replicas()
  await reconcile(replica([v2, v1]))
  await reconcile(replica([v1]))
  expect(await everyMs()).toBe(1_000)
  await reconcile(replica([none, v1]))
  expect(await everyMs()).toBeUndefined()
  await reconcile(replica([v1]))
  expect(await everyMs()).toBe(1_000)
})

test('a service that nobody serves any more has no schedules', async () => {
  const { replica, everyMs } = replicas()
  await reconcile(replica([v1]))
  await reconcile(replica([]))
  expect(await everyMs()).toBeUndefined()
})
