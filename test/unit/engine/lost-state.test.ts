/** An object's value that is not there any more, and a table that does not answer: who waits for them holds up no other. */
import { FermataError } from '@fermata/orchestrator/domain/errors'
import { describe, expect, it } from 'vitest'
import { append, asked, call, type keyA, objectWorld, set } from './object-scenes.ts'
import { comes, during, flat, has, submit } from './scenes.ts'
import { completed, type Replica, type ReplicaOptions, type Script, type World } from './world.ts'

const large: Script = () => ({
  entries: [set(0, 'large', 'x'.repeat(8_000))],
  status: completed('set'),
})

/** One attempt may run at a time. */
async function oneAtATime(
  onFault: ReplicaOptions['onFault'] = () => undefined,
): Promise<{ readonly world: World; readonly replica: Replica }> {
  const world = objectWorld(
    { cart: { set: ['exclusive', large], add: ['exclusive', append] } },
    { mail: () => ({ status: completed('sent') }) },
  )
  const limits = { running: 1, perFunction: 100, queued: 1_000 }
  const replica = await world.start({ options: { limits }, onFault })
  expect(await call(world, replica, { handler: 'set' })).toBe('set')
  return { world, replica }
}

describe('an attempt whose state cannot be read', () => {
  it('fails where a value is lost, and lets the others run (INV-11)', async () => {
    const { world, replica } = await oneAtATime()
    world.table.objects.get('cart#a')?.values.clear()
    const id = await asked(world, replica, { handler: 'add' })
    const mail = await submit(world, replica, 'mail')
    await comes(world, mail, 'output')
    await comes(world, id, 'paused')
    const failed = (await flat(world, id)).find(({ kind }) => kind === 'attempt-failed')
    expect(failed).toMatchObject({
      failure: { message: expect.stringContaining('cart/a') },
    })
  })

  it('gives way to the others when it is killed, though the heads still cannot be read', async () => {
    let armed = false
    let away = false
    const { world, replica } = await oneAtATime((point) => {
      away ||= armed && point === 'append.after'
    })
    const { objects } = world.stores
    const head = objects.head.bind(objects)
    const { engine } = await world.start()
    Object.assign(objects, {
      head: async (ref: typeof keyA) => {
        if (away) throw new FermataError('store-unreachable', 'the heads are away')
        return head(ref)
      },
    })
    armed = true
    const id = await asked(world, replica, { handler: 'add' })
    const mail = await submit(world, replica, 'mail')
    await world.clock.advance(5_000)
    expect(await has(world, mail, 'output')).toBe(false)
    await during(world, engine.admin.kill(id, undefined))
    await comes(world, mail, 'output')
  })
})
