import type { Value } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '@fermata/orchestrator/domain/errors'
import { describe, expect, it } from 'vitest'
import { fillingNames } from '../../support/state-names.ts'
import { asked, call, cart, keyA, objectWorld, resultOf } from './object-scenes.ts'
import { comes, during, waitsForOp0, yes } from './scenes.ts'
import type { Script } from './world.ts'

const page = { from: undefined, limit: 2 }

function change(name: string, json: string[] | null, version?: number) {
  const value: Value | null = json === null ? null : { json }
  return { values: [[name, value]] as const, replace: false, version }
}

async function refusal(work: Promise<unknown>): Promise<unknown> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return error instanceof FermataError ? error.code : error
}

describe('an operator', () => {
  it('sees the state, the holder and the queue of a key', async () => {
    const world = objectWorld({ cart })
    const replica = await world.start()
    await call(world, replica, { handler: 'add', input: 'tea' })
    const holder = await asked(world, replica, { handler: 'gated' })
    const second = await asked(world, replica, { handler: 'add' })
    await asked(world, replica, { handler: 'add' })
    await comes(world, holder, 'suspended')
    const view = await during(world, replica.engine.admin.object(keyA, page))
    expect(view).toMatchObject({
      service: 'cart',
      key: 'a',
      version: 1,
      holder,
      queued: 3,
      queue: [
        { slot: 2, invocation: holder, handler: 'gated' },
        { slot: 3, invocation: second, handler: 'add' },
      ],
      next: 4,
      state: [['list', { json: ['tea'] }]],
    })
    const rest = await during(world, replica.engine.admin.object(keyA, { from: 4, limit: 10 }))
    expect(rest?.queue).toHaveLength(1)
    expect(rest?.next).toBeUndefined()
  })

  it('is told where there is nothing', async () => {
    const world = objectWorld({ cart })
    const { engine } = await world.start()
    expect(await refusal(engine.admin.object(keyA, page))).toBe('object-not-found')
    const other = { service: 'nobody', key: 'a' }
    expect(await refusal(engine.admin.changeState(other, change('list', [])))).toBe(
      'object-not-found',
    )
  })

  it('changes the state of a version, and no other', async () => {
    const world = objectWorld({ cart })
    const replica = await world.start()
    const { admin } = replica.engine
    await call(world, replica, { handler: 'add', input: 'tea' })
    const changed = await during(world, admin.changeState(keyA, change('list', ['milk'], 1)))
    expect(changed).toEqual({ status: 'applied', version: 2 })
    expect(await refusal(admin.changeState(keyA, change('list', ['rum'], 1)))).toBe(
      'state-version-mismatch',
    )
    expect(await call(world, replica, { handler: 'list' })).toEqual(['milk'])
    await during(world, admin.changeState(keyA, change('list', null)))
    expect(await call(world, replica, { handler: 'list' })).toEqual([])
  })

  it('changes the state in line with what runs on the key', async () => {
    const world = objectWorld({ cart })
    const replica = await world.start()
    const { admin, ingress } = replica.engine
    const holder = await asked(world, replica, { handler: 'gated', input: 'first' })
    await comes(world, holder, 'suspended')
    const late = refusal(admin.changeState(keyA, change('list', ['lost'], 0)))
    const last = await asked(world, replica, { handler: 'add', input: 'last' })
    const edit = during(world, admin.changeState(keyA, change('list', ['edited'])), 10_000)
    await during(world, ingress.completeAwakeable(`${holder}.0`, yes))
    expect(await resultOf(world, replica, last)).toBe(2)
    expect(await late).toBe('state-version-mismatch')
    expect(await edit).toEqual({ status: 'applied', version: 3 })
    expect(await call(world, replica, { handler: 'list' })).toEqual(['edited'])
  })

  it('is refused a change that has no room in the key, be it when its turn comes', async () => {
    const world = objectWorld({ cart })
    const replica = await world.start()
    const { admin } = replica.engine
    const names = fillingNames()
    const filling = names.map((name) => [name, { json: 1 }] as const)
    const fill = admin.changeState(keyA, { values: filling, replace: false, version: undefined })
    expect(await during(world, fill)).toEqual({ status: 'applied', version: 1 })
    const refused = 'state-names-too-large'
    expect(await refusal(admin.changeState(keyA, change('x'.repeat(257), ['x'])))).toBe(refused)
    const late = refusal(admin.changeState(keyA, change('one more', ['x'])))
    await world.clock.advance(1_000)
    expect(await late).toBe(refused)
    const head = await world.stores.objects.head(keyA)
    expect(head).toMatchObject({ done: 2, version: 1, cells: { length: names.length } })
    const first = change(names[0] ?? '', ['other'])
    expect(await during(world, admin.changeState(keyA, first))).toMatchObject({ version: 2 })
  })

  it('is answered that a change waits while the key is held for long', async () => {
    const world = objectWorld({ cart })
    const replica = await world.start()
    const holder = await asked(world, replica, { handler: 'gated' })
    await comes(world, holder, 'suspended')
    const changed = during(
      world,
      replica.engine.admin.changeState(keyA, change('list', ['x'])),
      20_000,
    )
    expect(await changed).toEqual({ status: 'queued', slot: 2 })
  })

  it('sees objects that wait for each other', async () => {
    const other = (request: { target: { key?: string } }) =>
      request.target.key === 'a' ? 'b' : 'a'
    const visit: Script = (request) => {
      const isBegun = request.journal.some(({ by }) => by === 'handler')
      const target = { service: 'friend', key: other(request), handler: 'visit' }
      return {
        entries: isBegun ? [] : [{ kind: 'call', op: 0, target, input: { json: 1 } }],
        status: waitsForOp0,
      }
    }
    const world = objectWorld({ friend: { visit: ['exclusive', visit] } })
    const replica = await world.start()
    const ask = (key: string) => asked(world, replica, { service: 'friend', handler: 'visit', key })
    const [a, b] = [await ask('a'), await ask('b')]
    await world.clock.advance(5_000)
    const view = await during(world, replica.engine.admin.waits(a))
    // It called b, which called a again, and that one waits for the first to end.
    expect(view?.deadlock).toHaveLength(3)
    expect(view?.deadlock).toContain(a)
    expect(view?.waits.map(({ by }) => by)).toEqual(['call', 'call', 'turn'])
    const behind = await during(world, replica.engine.admin.waits(b))
    expect(behind?.deadlock?.toSorted()).toEqual(view?.deadlock?.toSorted())
    expect(await refusal(replica.engine.admin.waits(`${a.slice(0, -1)}0` as typeof a))).toBe(
      'invocation-not-found',
    )
  })

  it('sees that there is no deadlock', async () => {
    const world = objectWorld({ cart })
    const replica = await world.start()
    const holder = await asked(world, replica, { handler: 'gated' })
    const behind = await asked(world, replica, { handler: 'add' })
    await comes(world, holder, 'suspended')
    const view = await during(world, replica.engine.admin.waits(behind))
    expect(view).toMatchObject({
      waits: [{ from: behind, to: holder, by: 'turn' }],
      deadlock: undefined,
    })
    expect(view?.invocations.map(({ status }) => status)).toEqual(['queued', 'suspended'])
  })
})
