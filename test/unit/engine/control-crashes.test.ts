/** A replica that dies while it cancels, kills or pauses, at every place where it can: what was asked for is done, or was never asked. */
import type { Entry, InvocationId } from '@fermata/lambda-runtime/protocol'
import { childInvocationId } from '@fermata/lambda-runtime/protocol'
import type { FaultPoint, InvocationControl } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import { asked, cancelled, outcomeOf } from './control-scenes.ts'
import { call, comes, during, forgotten, has, submit, waitsForOp0, worldOf } from './scenes.ts'
import { completed, type Replica, type Script, type World } from './world.ts'

const sleeping: Script = ({ epoch, journal }) => {
  if (asked(journal)) return cancelled(1)
  const sleep: Entry = { kind: 'sleep', op: 0, wakeAt: Number.MAX_SAFE_INTEGER }
  return epoch === 1 ? { entries: [sleep], status: waitsForOp0 } : { status: waitsForOp0 }
}
const calling =
  (child: string): Script =>
  ({ epoch, journal }) => {
    if (asked(journal)) return cancelled(1)
    if (journal.some(({ entries }) => entries.some(({ kind }) => kind === 'completion'))) {
      return { status: completed('told') }
    }
    return epoch === 1
      ? { entries: [call(0, child)], status: waitsForOp0 }
      : { status: waitsForOp0 }
  }
const services = { top: calling('middle'), middle: calling('leaf'), leaf: sleeping }

const points = [
  'append.before',
  'append.after',
  'effects.before',
  'effects.after',
  'output.before-completion',
  'output.after-completion',
  'agenda.before-flush',
  'agenda.after-flush',
  'invoke.before',
  'invoke.after',
] as const satisfies readonly FaultPoint[]
const cases = points.flatMap((point) => [1, 3].map((nth) => ({ point, nth })))

type Scene = {
  readonly world: World
  readonly bringer: Replica
  /** From now on the bringer dies at the point. */
  readonly arm: () => void
  readonly top: InvocationId
  readonly middle: InvocationId
  readonly leaf: InvocationId
}

/** Top calls middle, middle calls leaf, leaf sleeps. Nothing of the past stands on the agenda any more. */
async function scene(point: FaultPoint, nth: number): Promise<Scene> {
  const world = worldOf(services)
  let left = Number.POSITIVE_INFINITY
  const bringer = await world.start({
    onFault(at, _subject, self) {
      if (at !== point) return
      left -= 1
      if (left === 0) self().kill()
    },
  })
  const top = await submit(world, bringer, 'top')
  const middle = childInvocationId('middle', top, 0)
  const leaf = childInvocationId('leaf', middle, 0)
  await comes(world, leaf, 'suspended')
  await world.start()
  await forgotten(world)
  const arm = () => {
    left = nth
  }
  return { world, bringer, arm, top, middle, leaf }
}

type Act = 'cancel' | 'kill'

/** `true`: it was answered. */
async function ask({ world, bringer, arm }: Scene, act: Act, id: InvocationId): Promise<boolean> {
  arm()
  const control: InvocationControl = bringer.engine.admin
  const answer = await during(
    world,
    control[act](id, undefined).then(() => true),
    2_000,
  )
  bringer.kill()
  return answer ?? false
}

describe.each(['cancel', 'kill'] as const)('a replica that dies while it is to %s', (act) => {
  it.each(cases)('at $point (passing $nth) leaves it done, or undone', async ({ point, nth }) => {
    const at = await scene(point, nth)
    const { world, top, middle, leaf } = at
    const answered = await ask(at, act, middle)
    const isAsked = await has(world, middle, act === 'kill' ? 'killed' : 'cancel')
    if (answered) expect(isAsked).toBe(true)
    if (!isAsked) return expect(await has(world, middle, 'output')).toBe(false)

    for (const id of [middle, leaf, top]) await comes(world, id, 'output', 90_000)
    const code = act === 'kill' ? 'killed' : 'cancelled'
    for (const id of [middle, leaf]) {
      expect(await outcomeOf(world, id)).toMatchObject({ failure: { code } })
    }
    expect(await outcomeOf(world, top)).toMatchObject({ value: { json: 'told' } })
  })
})
