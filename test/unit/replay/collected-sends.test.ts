import { describe, expect, it } from 'vitest'
import { object, service } from '../../../lambda-runtime/src/index.ts'
import { json, Stage } from './support/stage.ts'

const index = service('index', {
  add: (_, items: readonly number[]) => items.length,
  one: (_, item: number) => item,
})
const cart = object<{ n: number }>()('cart', {
  add: async (_, items: readonly number[]) => items.length,
})

/** A client without a definition. */
const anyHandler: Readonly<Record<string, (input: unknown) => void>> = {}

describe('sends that are put together', () => {
  it('are ops that say how, and have no id', async () => {
    const answers: unknown[] = []
    const stage: Stage = new Stage((ctx) => {
      const batch = { batch: { maxSize: 10, maxWait: '2s' } } as const
      answers.push(ctx.send(index, { ...batch, idempotencyKey: 'i', headers: { a: 'b' } }).add(1))
      answers.push(ctx.send(cart, 'c-1', batch).add(2))
      answers.push(ctx.send(index, { debounce: '5s', maxWait: '1m', collectKey: 'k' }).one(3))
      answers.push(ctx.send(index, { debounce: 100 }).one(4))
    })
    const { entries } = await stage.attempt()
    expect(answers).toEqual([undefined, undefined, undefined, undefined])
    const add = { service: 'index', handler: 'add' }
    const one = { service: 'index', handler: 'one' }
    expect(entries).toEqual([
      {
        kind: 'send',
        op: 0,
        target: add,
        input: json(1),
        idempotencyKey: 'i',
        headers: { a: 'b' },
        collect: { how: 'batch', maxSize: 10, waitMs: 2_000 },
      },
      {
        kind: 'send',
        op: 1,
        target: { service: 'cart', handler: 'add', key: 'c-1' },
        input: json(2),
        collect: { how: 'batch', maxSize: 10, waitMs: 2_000 },
      },
      {
        kind: 'send',
        op: 2,
        target: one,
        input: json(3),
        collect: { how: 'debounce', waitMs: 5_000, maxWaitMs: 60_000, key: 'k' },
      },
      {
        kind: 'send',
        op: 3,
        target: one,
        input: json(4),
        collect: { how: 'debounce', waitMs: 100 },
      },
    ])
  })

  it.each([
    [{ debounce: '5s', batch: { maxSize: 1, maxWait: '1s' } }, 'choose'],
    [{ debounce: '5s', delay: '1s' }, 'delay'],
    [{ batch: { maxSize: 0, maxWait: '1s' } }, '1 to 1000'],
    [{ batch: { maxSize: 1.5, maxWait: '1s' } }, '1 to 1000'],
    [{ batch: { maxSize: 1_001, maxWait: '1s' } }, '1 to 1000'],
    [{ debounce: '5s', collectKey: '' }, 'collectKey'],
  ])('are refused with options that cannot be: %j', async (options, why) => {
    const stage: Stage = new Stage((ctx) => {
      ctx.send(index, options as never)
    })
    const { status } = await stage.attempt()
    expect(status).toMatchObject({
      kind: 'retry',
      failure: { code: 'option-invalid', message: expect.stringContaining(why) },
    })
  })

  it('go neither to a workflow’s run nor by a key beside the target’s', async () => {
    const targets = [
      ['signup', 'run', { debounce: '1s' }],
      ['cart', 'add', { debounce: '1s', collectKey: 'k' }],
    ] as const
    for (const [name, handler, options] of targets) {
      const stage: Stage = new Stage((ctx) => {
        const send = ctx.send as unknown as (...address: unknown[]) => typeof anyHandler
        send(name, 'key', options)[handler]?.(1)
      })
      const { entries, status } = await stage.attempt()
      expect(entries).toEqual([])
      expect(status).toMatchObject({ failure: { code: 'option-invalid' } })
    }
  })
})
