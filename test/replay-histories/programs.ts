import { service, TerminalError } from '../../lambda-runtime/src/index.ts'
import type { Program } from '../unit/replay/support/stage.ts'
import type { World } from '../unit/replay/support/world.ts'

const inventory = service('inventory', { reserve: (_, item: { sku: string }) => item.sku })
const shipping = service('shipping', { label: (_, order: unknown) => order })
const mailer = service('mailer', { survey: (_, order: unknown) => order })

/** The handlers whose histories are kept. They never change: a new one gets a new name. */
export const programs: Readonly<Record<string, (world: () => World) => Program>> = {
  order: () => async (ctx, input) => {
    const payment = await ctx.run('charge', () => ({ id: 'pay-1', paid: true }))
    const [stock, label] = await Promise.all([
      ctx.call(inventory).reserve({ sku: 'sku-1' }),
      ctx.call(shipping, { headers: { priority: 'high' } }).label(input),
    ])
    const approval = ctx.awakeable<boolean>()
    await ctx.run('ask', () => approval.id)
    const approved = await approval.promise.orTimeout('1d', false)
    ctx.send(mailer, { delay: '1h' }).survey(input)
    return { payment, stock, label, approved, at: ctx.now() }
  },

  'parallel-steps': (world) => async (ctx) => {
    const branch = async (name: string, ms: number): Promise<unknown[]> => [
      await ctx.run(`${name}1`, () =>
        world()
          .delay(ms)
          .then(() => ms),
      ),
      await ctx.run(`${name}2`, () => ctx.now()),
    ]
    const both = await Promise.all([branch('a', 300), branch('b', 100)])
    await ctx.sleep('10m')
    return { both, random: ctx.random(), uuid: ctx.uuid() }
  },

  'slow-step': (world) => async (ctx) => {
    const first = await ctx.run('slow', () => world().delay(60_000)).orTimeout('1s', 'too slow')
    const winner = await ctx.race([ctx.sleep('1m').map(() => 'slept'), ctx.awakeable().promise])
    return [first, winner]
  },

  retries: () => async (ctx) => {
    const flaky = await ctx.run(
      'flaky',
      ({ attempt }) => {
        if (attempt < 4) throw new Error(`try ${attempt}`)
        return attempt
      },
      { retry: { initialDelay: '1s', factor: 3 } },
    )
    const given = await ctx
      .run('hopeless', () => Promise.reject(new Error('down')), { retry: { maxAttempts: 1 } })
      .catch((error: TerminalError) => error.code)
    return [flaky, given]
  },

  'at-most-once': () => async (ctx) => {
    const once = await ctx.run('once', () => 'done', { atMostOnce: true })
    await ctx.sleep('1h')
    throw new TerminalError(`not twice: ${once}`, { status: 409 })
  },

  'rich-values': () => async (ctx) => {
    const stored = await ctx.run('make', () => ({
      when: new Date(0),
      tags: new Set(['a']),
      sizes: new Map([['m', 2n]]),
      nothing: undefined,
      bytes: new Uint8Array([1, 2, 3]),
    }))
    await ctx.sleep({ minutes: 1 })
    return { same: stored.when.getTime() === 0 && stored.sizes.get('m') === 2n, stored }
  },

  'failed-call': () => async (ctx) => {
    const tries = await ctx.allSettled([
      ctx.call(inventory).reserve({ sku: 'gone' }),
      ctx.call(inventory, { idempotencyKey: 'k' }).reserve({ sku: 'sku-1' }),
    ])
    return tries.map((one) => (one.status === 'rejected' ? String(one.reason) : one.value))
  },
}
