import { handle, service } from '@fermata/lambda-runtime'
import { file } from './tax-office.ts'

export interface TaxReturn {
  readonly company: string
  readonly quarter: string
}

/**
 * The tax office takes ten returns a second and works on two of one sender at a time. Whoever asks for more is not
 * refused here: it waits its turn.
 */
export const office = service(
  {
    name: 'tax-office',
    private: true,
    timeout: '30s',
    retry: {
      initialDelay: '1s',
      factor: 2,
      maxDelay: '10m',
      maxDuration: '2d',
      onExhaustion: 'pause',
    },
  },
  {
    file: handle(
      { rate: { limit: 10, per: '1s', burst: 10 }, concurrency: 2 },
      async (ctx, taxReturn: TaxReturn) =>
        await ctx.run('file', ({ signal }) => file(taxReturn, { idempotencyKey: ctx.id, signal }), {
          retry: { maxAttempts: 3, initialDelay: '200ms' },
        }),
    ),
  },
)

/** What companies use. Two requests for one quarter are one return. */
export const returns = service(
  { name: 'returns', retention: '90d' },
  {
    async submit(ctx, taxReturn: TaxReturn) {
      const idempotencyKey = `${taxReturn.company} ${taxReturn.quarter}`
      const number = await ctx.call(office, { idempotencyKey }).file(taxReturn)
      return { number, filedAt: ctx.now() }
    },
  },
)
