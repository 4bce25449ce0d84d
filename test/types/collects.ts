import {
  type BatchOptions,
  type Context,
  type DebounceOptions,
  handle,
  object,
  type ServiceContext,
  service,
} from '@fermata/lambda-runtime'
import { exact } from './exact.ts'

const indexer = service('indexer', {
  async index(_ctx, items: readonly { id: string }[]) {
    return items.length
  },
  async numbers(_ctx, items: number[]) {
    return items.length
  },
  async maybe(_ctx, items?: string[]) {
    return items
  },
  async any(_ctx, items) {
    exact<typeof items, unknown>(true)
  },
  async one(_ctx, item: string) {
    return item
  },
})

const keyed = object<{ n: number }>()('keyed', {
  async add(_ctx, items: number[]) {
    return items.length
  },
})

export function collects(ctx: ServiceContext): void {
  const batch: BatchOptions = { batch: { maxSize: 100, maxWait: '2s' } }
  const batched = ctx.send(indexer, batch).index({ id: 'a' })
  exact<typeof batched, void>(true)
  ctx.send(indexer, { ...batch, collectKey: 'k', idempotencyKey: 'i' }).numbers(1)
  ctx.send(indexer, batch).maybe('a')
  ctx.send(keyed, 'key', batch).add(1)
  ctx.send<typeof indexer>('indexer', batch).index({ id: 'a' })
  // @ts-expect-error an item, not the list
  ctx.send(indexer, batch).numbers([1])
  // @ts-expect-error another item
  ctx.send(indexer, batch).numbers('a')
  // @ts-expect-error a handler that takes no list gets no batches
  ctx.send(indexer, batch).one('a')
  // @ts-expect-error nor one that may take anything: write its input down
  ctx.send(indexer, batch).any('a')
  // @ts-expect-error an object has a key
  ctx.send(keyed, batch)
  // @ts-expect-error a batch says how long it waits
  ctx.send(indexer, { batch: { maxSize: 1 } })
  // @ts-expect-error calls are not put together
  ctx.call(indexer, { batch: { maxSize: 1, maxWait: '1s' } })

  const debounce: DebounceOptions = { debounce: '5s', maxWait: '1m' }
  const debounced = ctx.send(indexer, debounce).one('a')
  exact<typeof debounced, void>(true)
  ctx.send(keyed, 'key', { debounce: 5_000 }).add([1, 2])
  ctx.send(indexer, debounce).any({ what: 'ever' })
  // @ts-expect-error another input
  ctx.send(indexer, debounce).one(1)
  // @ts-expect-error one or the other
  ctx.send(indexer, { debounce: '5s', batch: { maxSize: 1, maxWait: '1s' } })
  // @ts-expect-error what waits anyway takes no delay
  ctx.send(indexer, { debounce: '5s', delay: '1s' })
  // @ts-expect-error only what is put together has such a key
  ctx.send(indexer, { collectKey: 'k' })
}

export const report = service('report', {
  daily: handle(
    { schedule: { cron: '0 7 * * 1-5', timezone: 'Europe/Berlin', catchUp: 'all' } },
    async (ctx: Context) => ctx.origin.kind,
  ),
  often: handle({ schedule: { every: '5m' } }, async (ctx: ServiceContext) => ctx.now()),
})
// @ts-expect-error a cron expression or an interval
handle({ schedule: { cron: '* * * * *', every: '1s' } }, async () => 1)
