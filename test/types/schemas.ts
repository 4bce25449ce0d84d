import {
  type Api,
  handle,
  type Schema,
  type ServiceContext,
  service,
} from '@fermata/lambda-runtime'
import { z } from 'zod'
import { exact } from './exact.ts'

const order = z.object({
  sku: z.string(),
  count: z.string().transform(Number),
  note: z.string().default('none'),
})

export const orders = service('orders', {
  process: handle({ input: order, retry: { maxAttempts: 3 } }, async (ctx, input) => {
    exact<typeof ctx, ServiceContext>(true)
    exact<typeof input.count, number>(true)
    exact<typeof input.note, string>(true)
    return input.count
  }),
  unchecked: handle({ input: z.unknown() }, async (_ctx, input) => {
    exact<typeof input, unknown>(true)
  }),
})

type OrdersApi = Api<typeof orders>
// A caller passes what the schema takes in; the handler gets what it gives out.
exact<Parameters<OrdersApi['process']>[0]['count'], string>(true)
exact<Parameters<OrdersApi['process']>[0]['note'], string | undefined>(true)
exact<ReturnType<OrdersApi['process']>, Promise<number>>(true)
exact<ReturnType<OrdersApi['unchecked']>, Promise<void>>(true)

export const own: Schema<string, Date> = {
  '~standard': {
    version: 1,
    vendor: 'own',
    validate: (value) =>
      typeof value === 'string'
        ? { value: new Date(value) }
        : { issues: [{ message: 'not a text', path: ['at', { key: 0 }] }] },
  },
}
export const dates = service('dates', {
  year: handle({ input: own }, (_ctx, date) => {
    exact<typeof date, Date>(true)
    return date.getFullYear()
  }),
})
exact<Api<typeof dates>['year'], (input: string) => Promise<number>>(true)

export async function callThem(ctx: ServiceContext): Promise<void> {
  await ctx.call(orders).process({ sku: 'a', count: '3' })
  // @ts-expect-error a caller passes what the schema takes in
  await ctx.call(orders).process({ sku: 'a', count: 3 })
  // @ts-expect-error a member is missing
  await ctx.call(orders).process({ count: '3' })
  // @ts-expect-error a date is what comes out
  await ctx.call(dates).year(new Date())
}

// @ts-expect-error the handler's annotation must fit what the schema gives out
handle({ input: order }, async (_ctx, input: { sku: number }) => input)
// @ts-expect-error a schema, not a type
handle({ input: 'Order' }, async () => 1)
