/** A replica as a whole: what it hears of the others, what it takes in, and how it stops. */
import type { RecordSink, RecordSource } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import {
  comes,
  during,
  flat,
  forgotten,
  has,
  never,
  policy,
  submission,
  submit,
  waitsForOp0,
  worldOf,
  yes,
} from './scenes.ts'
import { completed, scripted, until } from './world.ts'

const newer = 'arn:aws:lambda:eu-west-1:000000000000:function:f:2'

/** A topic of so many records, all offered at once; `remade`: then once more, with the times of another topic. */
function topicOf(records: number, remade = false) {
  const accepted: string[] = []
  const refused: unknown[] = []
  const ended = new AbortController()
  const offer = (sink: RecordSink, offset: string, timestamp = 1) =>
    sink
      .accept(
        {
          topic: 't',
          partition: 0,
          offset,
          timestamp,
          key: null,
          value: new TextEncoder().encode('1'),
          headers: [],
        },
        ended.signal,
      )
      .then(
        () => void accepted.push(offset),
        (error: unknown) => void refused.push(error),
      )
  const source: RecordSource = {
    open: async (_spec, sink) => {
      const offers = Array.from({ length: records }, (_, n) => offer(sink, String(n)))
      if (remade) offers.push(Promise.all(offers).then(() => offer(sink, '0', 2)))
      return {
        async stop() {
          ended.abort(new Error('the source stops'))
          await Promise.all(offers)
        },
      }
    },
    positions: async () => [],
    close: async () => undefined,
  }
  const options = {
    subscriptions: [{ name: 's', source: 'kafka://c/t', sink: 'orders/process' }],
    clusters: ['c'],
  }
  return { source, accepted, refused, options }
}

describe('a replica', () => {
  it('soon starts new invocations on a deployment that another one registered', async () => {
    const world = worldOf({ orders: () => ({ status: completed('fine') }) })
    const first = await world.start()
    const second = await world.start()
    await world.clock.advance(1_000)
    world.functions.set(newer, scripted({ orders: () => ({ status: completed('newer') }) }))
    await during(world, first.engine.admin.register(newer))
    await world.clock.advance(6_000)
    const id = await submit(world, second, 'orders')
    await comes(world, id, 'output')
    expect((await flat(world, id)).at(-1)).toMatchObject({
      result: { value: { json: 'newer' } },
    })
  })

  it('takes requests in although many records wait for a permit', async () => {
    const world = worldOf({ orders: () => never })
    const { source, accepted, options } = topicOf(20)
    const limits = { running: 1, perFunction: 1, queued: 10 }
    const replica = await world.start({ source, options: { ...options, limits } })
    await until(world.clock, () => accepted.length === 1)
    await world.clock.advance(1_000)
    expect(accepted).toEqual(['0'])
    const submitted = []
    for (let n = 0; n < 10; n++) submitted.push(await submit(world, replica, 'orders'))
    expect(submitted).toHaveLength(10)
    await expect(replica.engine.ingress.submit(submission('orders'))).rejects.toThrow('try again')
  })

  it('refuses a record that is another one than that it took from the same place (INV-9)', async () => {
    const world = worldOf({ orders: () => ({ status: completed('fine') }) })
    const { source, accepted, refused, options } = topicOf(1, true)
    await world.start({ source, options })
    await until(world.clock, () => refused.length === 1)
    expect(accepted).toEqual(['0'])
    expect(refused).toEqual([expect.objectContaining({ code: 'topic-recreated' })])
    expect(world.invoker.started).toHaveLength(1)
  })

  it('completes no op that is none of a handler’s awakeables', async () => {
    const world = worldOf({
      orders: () => ({
        entries: [
          { kind: 'sleep', op: 0, wakeAt: world.clock.now() + 50_000 },
          { kind: 'awakeable', op: 1 },
        ],
        status: waitsForOp0,
      }),
    })
    const replica = await world.start()
    const id = await submit(world, replica, 'orders')
    await comes(world, id, 'suspended')
    const { ingress } = replica.engine
    await expect(ingress.completeAwakeable(`${id}.0`, yes)).rejects.toThrow('no awakeable')
    expect(await has(world, id, 'completion')).toBe(false)
  })

  it('serves no request for a handler that is private', async () => {
    const world = worldOf({ orders: () => ({ status: completed('fine') }) })
    const replica = await world.start({ options: { policy: policy({ private: true }) } })
    const { ingress } = replica.engine
    await expect(ingress.submit(submission('orders'))).rejects.toThrow('No deployment serves')
  })

  it('lets the records go that wait for a permit when it stops', async () => {
    const world = worldOf({ orders: () => never })
    const { source, accepted, options } = topicOf(20)
    const limits = { running: 1, perFunction: 1, queued: 10 }
    const replica = await world.start({ source, options: { ...options, limits } })
    await until(world.clock, () => accepted.length === 1)
    let stopped = false
    void replica.engine.stop().then(() => {
      stopped = true
    })
    await until(world.clock, () => stopped, 15_000)
    expect(accepted).toEqual(['0'])
  })

  it('stops although the agenda cannot be written, and what it was at is found by the others', async () => {
    const world = worldOf({
      orders: ({ epoch }) =>
        epoch === 1
          ? { entries: [{ kind: 'awakeable', op: 0 }], status: waitsForOp0 }
          : { status: completed('fine') },
    })
    const replica = await world.start()
    const { agenda } = world.stores
    const put = agenda.put.bind(agenda)
    Object.assign(agenda, {
      put: async (...[item, expires]: Parameters<typeof put>) => {
        if (item.entries.some(({ kind }) => kind === 'retain')) throw new Error('no answer')
        return put(item, expires)
      },
    })
    const id = await submit(world, replica, 'orders')
    await comes(world, id, 'suspended')
    let stopped = false
    void replica.engine.stop().then(() => {
      stopped = true
    })
    await until(world.clock, () => stopped, 15_000)
    Object.assign(agenda, { put })
    const second = await world.start()
    await during(world, second.engine.ingress.completeAwakeable(`${id}.0`, yes))
    expect(await comes(world, id, 'output')).toBeLessThan(45_000)
  })

  it('that is stopped leaves an attempt to the others', async () => {
    const world = worldOf({
      orders: ({ epoch }) => (epoch === 1 ? never : { status: completed('fine') }),
    })
    const first = await world.start()
    const id = await submit(world, first, 'orders')
    await world.start()
    await forgotten(world)
    let stopped = false
    void first.engine.stop().then(() => {
      stopped = true
    })
    await until(world.clock, () => stopped, 15_000)
    expect(await comes(world, id, 'output')).toBeLessThan(10_000)
    expect(world.warnings.filter(({ message }) => message.includes('failed'))).toEqual([])
  })
})

describe('a permit', () => {
  it('is given back when the append that was to use it fails', async () => {
    let broken = true
    const world = worldOf({
      orders: () =>
        broken
          ? { status: { kind: 'paused', failure: { code: 'x', message: 'x' } } }
          : { status: completed('fine') },
    })
    const limits = { running: 1, perFunction: 1, queued: 10 }
    const replica = await world.start({ options: { limits } })
    const id = await submit(world, replica, 'orders')
    await comes(world, id, 'paused')
    await world.clock.advance(100)
    const { journals } = world.stores
    const append = journals.append.bind(journals)
    Object.assign(journals, { append: () => Promise.reject(new Error('no answer')) })
    expect(await during(world, replica.engine.admin.resume(id))).toBeUndefined()
    Object.assign(journals, { append })
    broken = false
    const other = await submit(world, replica, 'orders')
    expect(await comes(world, other, 'output')).toBeLessThan(1_000)
    expect(await has(world, id, 'output')).toBe(false)
  })
})
