/** Awakeables whose holders show signs of life: who sees to the deadline, and after a crash. */
import type { Entry, InvocationId } from '@fermata/lambda-runtime/protocol'
import type { FaultPoint } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import { outcomeOf, refusal } from './control-scenes.ts'
import { comes, during, flat, has, submit, waitsForOp0, worldOf, yes } from './scenes.ts'
import { completed, type Replica, type Script, type World } from './world.ts'

const everyMs = 20_000

const held: Script = ({ epoch, journal }) => {
  if (epoch === 1) {
    const at = journal.at(-1)?.at ?? 0
    return {
      entries: [{ kind: 'awakeable', op: 0, heartbeatMs: everyMs, at }],
      status: waitsForOp0,
    }
  }
  const news = journal.flatMap(({ entries }) => entries).find(({ kind }) => kind === 'completion')
  return { status: completed(JSON.stringify(news)) }
}

const beat = (world: World, { engine }: Replica, id: InvocationId) =>
  during(world, refusal(engine.ingress.heartbeat(`${id}.0`)), 1_000)

const timedOut = async (world: World, id: InvocationId) =>
  JSON.stringify(await outcomeOf(world, id)).includes('heartbeat-timeout')

async function waiting(world: World, replica: Replica): Promise<InvocationId> {
  const id = await submit(world, replica, 'held')
  await comes(world, id, 'suspended')
  return id
}

describe('an awakeable with a heartbeat', () => {
  it('fails at its deadline when nobody beats', async () => {
    const world = worldOf({ held })
    const id = await waiting(world, await world.start())
    expect(await comes(world, id, 'output')).toBeLessThan(everyMs + 100)
    expect(await timedOut(world, id)).toBe(true)
  })

  it('lives as long as somebody beats in time, and then until the deadline after the last', async () => {
    const world = worldOf({ held })
    const replica = await world.start()
    const id = await waiting(world, replica)
    for (let beats = 0; beats < 10; beats++) {
      await world.clock.advance(0.75 * everyMs)
      expect(await beat(world, replica, id)).toBeUndefined()
    }
    expect(await has(world, id, 'output')).toBe(false)
    const passed = await comes(world, id, 'output')
    expect(passed).toBeGreaterThan(everyMs - 100)
    expect(passed).toBeLessThan(everyMs + 100)
    expect(await timedOut(world, id)).toBe(true)
  })

  it('is told apart from what nobody waits for, and from what is none', async () => {
    const world = worldOf({ held, plain: () => ({ entries: [plain], status: waitsForOp0 }) })
    const plain: Entry = { kind: 'awakeable', op: 0 }
    const replica = await world.start()
    const id = await waiting(world, replica)
    const without = await submit(world, replica, 'plain')
    await comes(world, without, 'suspended')
    // One without a deadline needs no beat, and is none the worse for it.
    expect(await beat(world, replica, without)).toBeUndefined()
    expect((await flat(world, without)).some(({ kind }) => kind === 'heartbeat')).toBe(false)
    await during(world, replica.engine.ingress.completeAwakeable(`${id}.0`, yes))
    await comes(world, id, 'output')
    expect(await beat(world, replica, id)).toBe('awakeable-completed')
    const { ingress } = replica.engine
    expect(await during(world, refusal(ingress.heartbeat('nonsense')))).toBe('awakeable-not-found')
    const nobody = `held.${'0'.repeat(26)}.0`
    expect(await during(world, refusal(ingress.heartbeat(nobody)))).toBe('awakeable-not-found')
  })

  const points = [
    'append.before',
    'append.after',
    'agenda.before-flush',
    'agenda.after-flush',
  ] as const satisfies readonly FaultPoint[]

  it.each(points)(
    'fails in the end, though the replica that took the last beat died at %s',
    async (point) => {
      const world = worldOf({ held })
      let armed = false
      const bringer = await world.start({
        onFault(at, _subject, self) {
          if (armed && at === point) self().kill()
        },
      })
      const id = await waiting(world, bringer)
      await world.start()
      await world.clock.advance(0.5 * everyMs)
      armed = true
      await beat(world, bringer, id)
      bringer.kill()
      await comes(world, id, 'output', 90_000)
      expect(await timedOut(world, id)).toBe(true)
    },
  )

  it('whose holder beats through another replica is not failed by one that slept', async () => {
    const world = worldOf({ held })
    const first = await world.start()
    const second = await world.start()
    const id = await waiting(world, first)
    first.pause()
    for (let beats = 0; beats < 4; beats++) {
      await world.clock.advance(0.75 * everyMs)
      expect(await beat(world, second, id)).toBeUndefined()
    }
    first.resume()
    await world.clock.advance(0.5 * everyMs)
    expect(await has(world, id, 'output')).toBe(false)
  })
})
