import type { FaultPoint } from '@fermata/orchestrator/ports'
import { describe, expect, test } from 'vitest'
import { submission } from '../engine/scenes.ts'
import { type Replica, until, type World } from '../engine/world.ts'
import { batch, createScene, debounce, numbersOf, type Send } from './scene.ts'

const points: readonly FaultPoint[] = [
  'collect.after-append',
  'collect.after-range',
  'collect.after-marks',
  'collect.after-create',
  'collect.after-advance',
  'effects.before',
  'effects.after',
  'accept.before-append',
  'accept.after-append',
  'agenda.before-flush',
  'agenda.after-flush',
]

/** Kills the replica that reaches `point` for the `nth` time. */
function killAt(point: FaultPoint, nth: number) {
  let left = nth
  return (reached: FaultPoint, _: string, replica: () => Replica) => {
    if (reached === point && --left === 0) replica().kill()
  }
}

const senders = 6
const perSender = 7

/** Senders by idempotency key: who is not answered asks the other replica. */
async function sendAll(
  world: World,
  replicas: readonly Replica[],
  collect: (i: number) => Send['collect'],
): Promise<void> {
  for (let sender = 0; sender < senders; sender++) {
    const sends = Array.from({ length: perSender }, (_, i): Send => {
      const json = sender * perSender + i
      return { json, collect: collect(json) }
    })
    for (const { engine } of replicas) {
      const request = { ...submission('sender', { key: `s${sender}` }), input: { json: sends } }
      engine.ingress.submit(request as never).catch(() => undefined)
    }
    await world.clock.advance(200)
  }
}

const all = Array.from({ length: senders * perSender }, (_, i) => i)

describe.for(points)('a replica that dies at %s', (point) => {
  test.for([1, 3])('the %i. time: each send is in one batch, once', async (nth) => {
    const { world, got } = createScene(nth)
    const dying = await world.start({ onFault: killAt(point, nth) })
    const other = await world.start()
    await sendAll(world, [dying, other], () => batch(10, 1_000))
    await until(world.clock, () => new Set(numbersOf(got)).size === all.length, 90_000)
    await world.clock.advance(40_000)
    expect(numbersOf(got).toSorted((a, b) => a - b)).toEqual(all)
  })

  test.for([1, 2])('the %i. time: a debounce lets one through, the last', async (nth) => {
    const { world, got } = createScene(nth)
    const dying = await world.start({ onFault: killAt(point, nth) })
    const other = await world.start()
    await sendAll(world, [dying, other], () => debounce(20_000))
    await until(world.clock, () => got.length > 0, 120_000)
    await world.clock.advance(60_000)
    const ids = new Set(got.map(({ id }) => id))
    expect(ids.size).toBe(1)
    expect(got[0]?.sends).toBe(all.length)
  })
})
