/** Leave to run is given back, however the work ends that had it. */
import { ProtocolError } from '@fermata/lambda-runtime/protocol'
import { createMemoryStores } from '@fermata/orchestrator/adapters/memory/stores'
import type { EngineDeps } from '@fermata/orchestrator/engine/invocations/engine-deps'
import { createInvocations } from '@fermata/orchestrator/engine/invocations/invocations'
import { createSessions } from '@fermata/orchestrator/engine/invocations/sessions'
import { createPermits, type Demand } from '@fermata/orchestrator/engine/permits'
import { expect, it } from 'vitest'
import { createSeededRandom, createVirtualClock } from '../../support/sim-clock.ts'
import { attempt, created, invocationId as id } from '../domain/journals.ts'

const unlimited = () => Number.POSITIVE_INFINITY
const noRates = { ready: () => true, spend: () => undefined }
const demand: Demand = {
  function: 'f',
  subscription: undefined,
  handler: undefined,
  begins: false,
}

it('a permit for the attempt after one whose work failed for good is given back', async () => {
  const clock = createVirtualClock()
  const faults = { reach: () => undefined }
  const { journals } = createMemoryStores({ clock })
  const permits = createPermits({
    total: 10,
    ofFunction: unlimited,
    ofSubscription: unlimited,
    ofHandler: unlimited,
    rates: noRates,
  })
  const damaged = Promise.withResolvers<never>()
  const parts: Partial<EngineDeps> = {
    clock,
    permits,
    sessions: createSessions({ journals, clock, random: createSeededRandom(1), faults }),
    stopping: new AbortController().signal,
    logger: {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: () => undefined,
      child: () => {
        throw new Error('nobody asks for one')
      },
    },
    directory: { byId: () => damaged.promise } as Partial<
      EngineDeps['directory']
    > as EngineDeps['directory'],
  }
  const deps = parts as EngineDeps
  const invocations = createInvocations(deps)

  await deps.sessions.use(id, async (session) => {
    await session.create([created, attempt(1)], Number.MAX_SAFE_INTEGER)
    for (const permit of [permits.tryTake(demand), permits.tryTake(demand)]) {
      if (permit !== undefined) invocations.drive(session, permit)
    }
    expect(permits.running).toBe(2)
    damaged.reject(new ProtocolError('item-shape', 'an item is damaged'))
    await invocations.idle()
    expect(permits.running).toBe(0)
  })
})
