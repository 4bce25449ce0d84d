/** What was carried out is not carried out again when what came of it has been forgotten (INV-5, trace 8). */
import { childInvocationId } from '@fermata/lambda-runtime/protocol'
import { expect, it } from 'vitest'
import { call, comes, during, has, never, policy, send, submit, worldOf, yes } from './scenes.ts'
import { completed, type Replica, type Script } from './world.ts'

const short = { options: { policy: policy({ retentionMs: 100_000 }) } }

/** Does something at once, waits for its awakeable, and then for ever. */
const parent =
  (entry: typeof send): Script =>
  ({ epoch }) =>
    epoch > 1
      ? never
      : {
          entries: [entry(0, 'leaf'), { kind: 'awakeable', op: 1 }],
          status: { kind: 'suspended', waitingOn: { kind: 'op', op: 1 } },
        }

function scene(entry: typeof send) {
  let runs = 0
  const leaf: Script = () => {
    runs += 1
    return { status: completed('done') }
  }
  const world = worldOf({ parent: parent(entry), leaf })
  return { world, runs: () => runs }
}

const wake = (replica: Replica, id: string) =>
  replica.engine.ingress.completeAwakeable(`${id}.1`, yes)

it('a send is known to be carried out before its sender is kept for longer than what it sent', async () => {
  const { world, runs } = scene(send)
  const [first, second] = [await world.start(short), await world.start(short)]
  const id = await submit(world, first, 'parent')
  await comes(world, childInvocationId({ service: 'leaf' }, id, 0), 'output')
  first.kill()
  await during(world, wake(second, id), 500)
  second.kill()
  await world.clock.advance(53_000)
  const third = await world.start(short)
  await world.clock.advance(5_000)
  third.kill()
  await world.clock.advance(45_000)
  await world.start(short)
  await world.clock.advance(20_000)
  expect(await has(world, id, 'attempt')).toBe(true)
  expect(runs()).toBe(1)
})

it('a call that was answered is not made again, whatever became of its callee', async () => {
  const { world, runs } = scene((op, service) => call(op, service))
  const first = await world.start()
  const id = await submit(world, first, 'parent')
  await comes(world, id, 'completion')
  const callee = childInvocationId({ service: 'leaf' }, id, 0)
  const second = await world.start()
  await during(world, second.engine.admin.purge(callee))
  await during(world, wake(second, id), 500)
  first.kill()
  second.kill()
  await world.start()
  await world.clock.advance(60_000)
  expect(await world.journal(callee)).toEqual([])
  expect(runs()).toBe(1)
})

it.each(['is still open', 'has ended'] as const)(
  'what was sent and then purged is not sent again by who takes over a sender that %s',
  async (how) => {
    const { world, runs } = scene(send)
    const first = await world.start()
    const id = await submit(world, first, 'parent')
    const sent = childInvocationId({ service: 'leaf' }, id, 0)
    await comes(world, sent, 'output')
    const second = await world.start()
    if (how === 'has ended') {
      first.pause()
      await during(world, second.engine.admin.kill(id, undefined))
      await comes(world, id, 'output')
    }
    await during(world, second.engine.admin.purge(sent))
    expect(await world.journal(sent)).toEqual([])
    first.kill()
    if (how === 'is still open') await during(world, wake(second, id), 500)
    second.kill()
    await world.start()
    await world.clock.advance(60_000)
    expect(runs()).toBe(1)
  },
)
