import {
  awakeableId,
  childInvocationId,
  deriveInvocationId,
  type InvocationId,
} from '@fermata/lambda-runtime/protocol'
import type { FaultPoint } from '@fermata/orchestrator/ports'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import { opOf } from './fixtures/trip.ts'
import { type Transport, transports } from './support/functions.ts'
import type { OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import type { PlannedFault } from './support/process-messages.ts'
import { createSystem, eventually, type System } from './support/system.ts'
import { openWitness, type Witness } from './support/witness.ts'

type Child = keyof typeof opOf
/** Whose passing it is: `any`, where the point's subject is none of the invocations. */
type Moment = { readonly of: 'trip' | Child | 'any'; readonly nth: number }

const nth = (of: Moment['of'], ...passings: readonly number[]): readonly Moment[] =>
  passings.map((passing) => ({ of, nth: passing }))

/**
 * Where a replica is killed while a trip is booked. The point before a commit is Kafka’s: `kafka-bad-input.test.ts`; a
 * trip has no promises, no key and no schedule: their tests have those points.
 */
type Family = 'accept' | 'append' | 'effects' | 'output' | 'agenda' | 'invoke'
type Point = Exclude<Extract<FaultPoint, `${Family}.${string}`>, 'accept.before-commit'>
const moments: Record<Point, readonly Moment[]> = {
  'accept.before-append': [...nth('trip', 1), ...nth('mailer', 1), ...nth('hotel', 1)],
  'accept.after-append': [...nth('trip', 1), ...nth('mailer', 1), ...nth('hotel', 1)],
  'append.before': [...nth('trip', 1, 2, 3, 4), ...nth('hotel', 2)],
  'append.after': [...nth('trip', 1, 2, 3, 4), ...nth('hotel', 2)],
  'effects.before': nth('trip', 1, 2),
  'effects.between': nth('trip', 1, 2),
  'effects.after': nth('trip', 1, 2),
  'output.before-completion': [...nth('hotel', 1), ...nth('airline', 1)],
  'output.after-completion': [...nth('hotel', 1), ...nth('airline', 1)],
  'agenda.before-flush': nth('any', 1, 2),
  'agenda.after-flush': nth('any', 1, 2),
  'invoke.before': [...nth('trip', 1, 2), ...nth('hotel', 1)],
  'invoke.after': [...nth('trip', 1, 2), ...nth('hotel', 1)],
}

/** On servers, what is decided before or after a call differs in nothing: the points around it do. */
const aroundCalls: ReadonlySet<string> = new Set(['append.after', 'invoke.before', 'invoke.after'])

const casesOf = (transport: Transport) =>
  Object.entries(moments).flatMap(([point, list]) =>
    (transport === 'lambda' ? list : list.slice(0, aroundCalls.has(point) ? 2 : 0)).map(
      (moment) => ({ point: point as keyof typeof moments, ...moment }),
    ),
  )

/** Short times, few shards: what is tested is what happens, not when. */
const config = {
  agenda: { shards: 8, leaseMs: 1_500, heartbeatMs: 300, marginMs: 300 },
  attempt: { aliveAfterMs: 2_000, coldStartMarginMs: 1_000 },
}

requirePart('dynamodb-local')('a replica that is killed while a trip is booked', () => {
  describe.each(transports)('over %s', killings)
})

function killings(transport: Transport): void {
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let witness: Witness
  let system: System
  let survivor: OrchestratorUnderTest

  beforeAll(async () => {
    ;[database, witness] = await Promise.all([startDynamoDbLocal(), openWitness()])
    const environment = { WITNESS_URL: witness.url }
    system = await createSystem({
      dynamodb: database.endpoint,
      config,
      environment,
      isRecorded: true,
    })
    survivor = await system.start()
    await system.register(survivor, 'trip', { transport, concurrentPerProcess: 4 })
  })

  afterAll(async () => {
    await system?.expectSound().finally(system.close)
    await witness?.close()
    await database?.stop()
  })

  /** As a client does: asks again elsewhere, under the same key, when it gets no answer. */
  async function submit(
    victim: OrchestratorUnderTest,
    handler: string,
    input: unknown,
    key: string,
  ): Promise<void> {
    const headers = { 'idempotency-key': key }
    const first = await victim.call(`trip/${handler}/send`, input, headers).catch(() => undefined)
    if (first?.status === 202) return
    const second = await survivor.call(`trip/${handler}/send`, input, headers)
    expect(second.status).toBe(202)
  }

  async function approve(victim: OrchestratorUnderTest, id: string): Promise<void> {
    await eventually('the approval is taken', async () => {
      for (const replica of [victim, survivor]) {
        const answer = await replica
          .call(`awakeables/${id}/resolve`, 'Grace')
          .catch(() => undefined)
        if (answer?.status === 204 || answer?.status === 409) return true
      }
      return undefined
    })
  }

  async function startVictim(fault: PlannedFault): Promise<OrchestratorUnderTest> {
    const victim = await system.start()
    await victim.plan(fault)
    return victim
  }

  async function died(victim: OrchestratorUnderTest): Promise<void> {
    await eventually('the point is reached', () => !victim.running)
  }

  const keysOf = (id: InvocationId) => Object.keys(witness.effects(id))

  describe.concurrent('leaves it to others', () => {
    it.each(casesOf(transport).filter(({ point }) => point !== 'effects.between'))(
      'at $point of the $of, passed for time $nth',
      async ({ point, of, nth }) => {
        const key = `${point} ${of} ${nth}`
        const id = deriveInvocationId('trip', ['key', 'book', key])
        const victim = await startVictim({ point, nth, action: 'kill', ...subjectOf(of, id) })

        await submit(victim, 'book', 'Ada', key)
        expect(await witness.effect(`${id}/ask`)).toBe(awakeableId(id, 2))
        await approve(victim, awakeableId(id, 2))

        const output = await survivor.outputOf(id)
        expect(output.body).toBe('Ada: room 7, seat 12A, approved by Grace')
        await died(victim)
        const expected = effectsOfTrip(id)
        // Nobody waits for the mail: it may be sent after the trip is booked.
        await eventually('all is done', () => keysOf(id).length >= expected.length)
        expect(keysOf(id)).toEqual(expected)
      },
    )

    it.runIf(transport === 'lambda').each(moments['effects.between'])(
      'between effects, passed for time $nth',
      async ({ nth }) => {
        const key = `effects.between ${nth}`
        const id = deriveInvocationId('trip', ['key', 'invite', key])
        const point = 'effects.between'
        const victim = await startVictim({ point, nth, action: 'kill', subject: id })

        await submit(victim, 'invite', 70, key)

        await died(victim)
        expect((await survivor.outputOf(id)).body).toBe(70)
        const mails = Array.from({ length: 70 }, (_, guest) => {
          const child = childInvocationId('mailer', id, guest)
          return `${id}#${guest}/mail by ${child}`
        }).toSorted()
        await eventually('all mails are sent', () => keysOf(id).length >= mails.length)
        expect(keysOf(id)).toEqual(mails)
      },
    )
  })
}

function subjectOf(of: Moment['of'], id: InvocationId): { readonly subject?: string } {
  if (of === 'any') return {}
  return { subject: of === 'trip' ? id : childInvocationId(of, id, opOf[of]) }
}

/** Each of them once; who did it is part of its key. */
function effectsOfTrip(id: InvocationId): readonly string[] {
  const by = (child: Child) => childInvocationId(child, id, opOf[child])
  return [
    `${id}/ask`,
    `${id}/charge`,
    `${id}/mail by ${by('mailer')}`,
    `${id}/pack`,
    `${id}/room by ${by('hotel')}`,
    `${id}/seat by ${by('airline')}`,
  ].toSorted()
}
