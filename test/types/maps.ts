import {
  type Context,
  type DurablePromise,
  type Saga,
  type Serde,
  saga,
  type serde,
} from '@fermata/lambda-runtime'
import { ping } from './definitions.ts'
import { exact } from './exact.ts'

export async function maps(ctx: Context, names: readonly string[]): Promise<void> {
  const calls = ctx.map(names, (name, index) => ctx.call(ping).hit(name.length + index))
  exact<typeof calls, DurablePromise<number[]>>(true)
  const limited = ctx.map(names, async (name) => name, { concurrency: 3, tolerance: undefined })
  exact<typeof limited, DurablePromise<string[]>>(true)
  const tolerated = ctx.map(names, (name) => name, { tolerance: '10%' })
  exact<typeof tolerated, DurablePromise<PromiseSettledResult<string>[]>>(true)
  const either = ctx.map(names, (name) => (name === '' ? ctx.sleep(1) : ctx.run('x', () => 1)))
  // biome-ignore lint/suspicious/noConfusingVoidType: it is what a sleep gives
  exact<typeof either, DurablePromise<(number | void)[]>>(true)

  const branches = ctx.parallel([() => ctx.run('a', () => 1), async () => 'b' as const, () => true])
  exact<typeof branches, DurablePromise<[number, 'b', boolean]>>(true)
  const some = ctx.parallel([() => ctx.run('a', () => 1)], { tolerance: 1 })
  exact<typeof some, DurablePromise<[PromiseSettledResult<number>]>>(true)

  // @ts-expect-error a tolerance is a count or a percentage
  ctx.map(names, () => 1, { tolerance: 'some' })
  // @ts-expect-error branches are functions
  ctx.parallel([ctx.sleep(1)])
}

const point: Serde<{ x: number }> = {
  serialize: ({ x }) => new Uint8Array([x]),
  deserialize: ([x = 0]) => ({ x }),
}

export async function sagas(ctx: Context): Promise<string> {
  const located = ctx.run('locate', () => ({ x: 1 }), { serde: point })
  exact<typeof located, DurablePromise<{ x: number }>>(true)
  // @ts-expect-error the step gives something else
  ctx.run('locate', () => 'here', { serde: point })
  exact<typeof serde.string, Serde<string>>(true)
  return await saga(ctx, async (steps) => {
    exact<typeof steps, Saga>(true)
    const seat = steps.run('book', async ({ attempt }) => ({ id: `${attempt}` }), {
      undo: ({ id }, step) => [id, step.signal],
      retry: { maxAttempts: 3 },
      undoOptions: { timeout: '1m' },
    })
    exact<typeof seat, DurablePromise<{ id: string }>>(true)
    steps.undo('mail', ({ attempt }) => attempt)
    return (await seat).id
  })
}
