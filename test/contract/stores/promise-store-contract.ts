import { deriveInvocationId, type Outcome, type PromiseRef } from '@fermata/lambda-runtime/protocol'
import { expect } from 'vitest'
import {
  denseText,
  describeCases,
  freshInvocation,
  freshName,
  hourMs,
  inAnHour,
  type StoreCases,
  type StoresUnderTest,
} from './harness.ts'

const withValue = (json: string | number): Outcome => ({ kind: 'value', value: { json } })

function freshPromise(fields: Partial<PromiseRef> = {}): PromiseRef {
  return { workflow: 'signup', key: freshName('ada'), name: 'verified', ...fields }
}

const cases: StoreCases = {
  'lets the first writer win, and tells the others what stands there': async (stores) => {
    const { promises } = stores
    const promise = freshPromise()
    expect(await promises.read(promise)).toBeUndefined()

    const won = await promises.complete(promise, withValue('a'), 'first', inAnHour(stores))
    const lost = await promises.complete(promise, withValue('b'), 'second', inAnHour(stores))

    const standing = { name: 'verified', outcome: withValue('a'), by: 'first' }
    expect([won, lost]).toEqual([standing, standing])
    expect(await promises.read(promise)).toEqual(standing)
  },

  'lets exactly one of twenty concurrent writers win': async (stores) => {
    const { promises } = stores
    const promise = freshPromise()
    const complete = (i: number) =>
      promises.complete(promise, withValue(i), `writer ${i}`, inAnHour(stores))

    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => complete(i)))

    expect(new Set(answers.map(({ by }) => by)).size).toBe(1)
  },

  'answers the same to the same writer again': async (stores) => {
    const promise = freshPromise()
    const complete = () =>
      stores.promises.complete(promise, withValue('a'), 'writer', inAnHour(stores))

    expect(await complete()).toEqual(await complete())
  },

  'keeps failures, and values of any size that an item holds': async ({ promises, clock }) => {
    const failure: Outcome = { kind: 'failure', failure: { code: 'no', message: 'ünïcödé' } }
    const rejected = freshPromise()
    await promises.complete(rejected, failure, 'writer', clock.now() + hourMs)
    expect((await promises.read(rejected))?.outcome).toEqual(failure)

    const large = freshPromise()
    await promises.complete(large, withValue(denseText(200_000)), 'writer', clock.now() + hourMs)
    expect((await promises.read(large))?.outcome).toEqual(withValue(denseText(200_000)))
  },

  'tells workflows, keys and names apart, whatever stands in them': async (stores) => {
    const key = freshName('key')
    const refs = [
      freshPromise({ key }),
      freshPromise({ key: `${key}#verified`, name: '-' }),
      freshPromise({ key, name: 'verified#w' }),
      freshPromise({ key, name: 'verified%23w' }),
      freshPromise({ key, name: 'Ünï "cödé"' }),
      freshPromise({ key, name: 'n'.repeat(2_000) }),
      freshPromise({ key, name: `${'n'.repeat(1_999)}m` }),
      freshPromise({ key, workflow: 'signout' }),
    ]
    const { promises } = stores
    for (const [i, ref] of refs.entries()) {
      await promises.complete(ref, withValue(i), `${i}`, inAnHour(stores))
    }

    const read = await Promise.all(refs.map((ref) => promises.read(ref)))
    expect(read.map((record) => record?.by)).toEqual(refs.map((_, i) => `${i}`))
    expect(read.map((record) => record?.name)).toEqual(refs.map(({ name }) => name))
    const listed = await promises.list('signup', key)
    expect(new Set(listed.map(({ by }) => by))).toEqual(new Set(['0', '2', '3', '4', '5', '6']))
  },

  'keeps waiters until they are removed, each op by itself': async (stores) => {
    const { promises } = stores
    const promise = freshPromise()
    const keyed = { service: 'cart', key: 'ß'.repeat(256) }
    const waiters = [
      { invocation: freshInvocation(), op: 0 },
      { invocation: deriveInvocationId(keyed, ['a']), op: 3 },
      { invocation: deriveInvocationId(keyed, ['a']), op: 4 },
    ]
    const [first, second, third] = waiters
    if (!first || !second || !third) throw new Error('there are three')
    for (const waiter of waiters) await promises.addWaiter(promise, waiter, inAnHour(stores))
    await promises.addWaiter(promise, first, inAnHour(stores))
    expect(new Set(await promises.waiters(promise))).toEqual(new Set(waiters))
    expect(await promises.waiters({ ...promise, name: 'verified#' })).toEqual([])

    await promises.removeWaiter(promise, second)
    await promises.removeWaiter(promise, second)
    expect(new Set(await promises.waiters(promise))).toEqual(new Set([first, third]))
    expect(await promises.list(promise.workflow, promise.key)).toEqual([])
  },

  'forgets a waiter that has expired, and not one that was added again': async (stores) => {
    const { promises, clock } = stores
    const promise = freshPromise()
    const [gone, kept] = [freshInvocation(), freshInvocation()]
    await promises.addWaiter(promise, { invocation: gone, op: 0 }, inAnHour(stores))
    await promises.addWaiter(promise, { invocation: kept, op: 0 }, inAnHour(stores))
    await promises.addWaiter(promise, { invocation: kept, op: 0 }, inAnHour(stores) + hourMs)
    clock.advance(hourMs)

    expect(await promises.waiters(promise)).toEqual([{ invocation: kept, op: 0 }])
  },

  'keeps many waiters of one promise': async (stores) => {
    const { promises } = stores
    const promise = freshPromise()
    const invocation = freshInvocation()
    const ops = Array.from({ length: 60 }, (_, op) => op)
    await Promise.all(
      ops.map((op) => promises.addWaiter(promise, { invocation, op }, inAnHour(stores))),
    )

    const waiting = await promises.waiters(promise)
    expect(waiting.map(({ op }) => op).toSorted((a, b) => a - b)).toEqual(ops)
  },

  'forgets a promise that has expired: it may be completed anew': async (stores) => {
    const { promises, clock } = stores
    const promise = freshPromise()
    await promises.complete(promise, withValue('old'), 'first', inAnHour(stores))
    clock.advance(hourMs)
    expect(await promises.read(promise)).toBeUndefined()
    expect(await promises.list(promise.workflow, promise.key)).toEqual([])

    const anew = await promises.complete(promise, withValue('new'), 'second', inAnHour(stores))
    expect(anew.by).toBe('second')
    expect((await promises.read(promise))?.outcome).toEqual(withValue('new'))
  },

  'keeps all promises of a key for longer when they are stamped anew, and none that is over':
    async (stores) => {
      const { promises, clock } = stores
      const key = freshName('ada')
      const names = ['a', 'b']
      for (const name of names) {
        await promises.complete(freshPromise({ key, name }), withValue(1), name, inAnHour(stores))
      }
      const brief = freshPromise({ key, name: 'brief' })
      await promises.complete(brief, withValue(1), 'brief', clock.now() + 1_000)
      clock.advance(2_000)
      await promises.restamp('signup', key, inAnHour(stores) + hourMs)
      clock.advance(hourMs)

      expect((await promises.list('signup', key)).map(({ name }) => name)).toEqual(names)
      expect(await promises.read(brief)).toBeUndefined()
      await promises.restamp('signup', freshName('nobody'), inAnHour(stores))
    },

  'keeps no promise for less than it was': async (stores) => {
    const { promises, clock } = stores
    const promise = freshPromise()
    await promises.complete(promise, withValue(1), 'a', inAnHour(stores))
    await promises.restamp(promise.workflow, promise.key, clock.now() + 1_000)
    clock.advance(2_000)

    expect((await promises.read(promise))?.outcome).toEqual(withValue(1))
  },

  'forgets the outcomes of a key, and its waiters go on waiting': async (stores) => {
    const { promises } = stores
    const promise = freshPromise()
    const other = freshPromise()
    const waiter = { invocation: freshInvocation(), op: 0 }
    await promises.addWaiter(promise, waiter, inAnHour(stores))
    for (const each of [promise, { ...promise, name: 'b' }, other]) {
      await promises.complete(each, withValue(1), 'writer', inAnHour(stores))
    }
    await promises.clear(promise.workflow, promise.key)
    await promises.clear(promise.workflow, promise.key)

    expect(await promises.list(promise.workflow, promise.key)).toEqual([])
    expect(await promises.waiters(promise)).toEqual([waiter])
    expect((await promises.read(other))?.by).toBe('writer')
  },
}

/** What every PromiseStore must do. */
export function promiseStoreContract(name: string, stores: () => StoresUnderTest): void {
  describeCases(`${name}: PromiseStore`, cases, stores)
}
