import { type ServiceContext, service, TerminalError, TimeoutError } from '@fermata/lambda-runtime'
import { assignReviewer, payOut, releaseBudget, reserveBudget } from './outside.ts'

export interface Claim {
  readonly employee: string
  readonly amount: number
  readonly purpose: string
}

export interface Decision {
  readonly approved: boolean
  readonly by: string
}

export interface Settlement {
  readonly payment: string
  readonly approvedBy: string
}

const rounds = 3

/**
 * An expense claim: its budget is reserved, a reviewer decides, and it is paid out on the next pay day. Whatever ends it
 * before that, a refusal or a cancellation, gives the budget back.
 */
export const expenses = service('expenses', {
  async claim(ctx, claim: Claim): Promise<Settlement> {
    const budget = await step(ctx, 'reserve budget', (options) => reserveBudget(claim, options))
    try {
      const { approved, by } = await review(ctx, claim)
      if (!approved) throw new TerminalError(`declined by ${by}`, { status: 409 })
      // Sent to all approved claims at once, by their invocation's id.
      await ctx.signal('pay day')
      const payment = await step(ctx, 'pay out', (options) => payOut(claim, options))
      return { payment, approvedBy: by }
    } catch (error) {
      // A CancelledError comes here as well, and steps after it run as ever.
      await step(ctx, 'release budget', (options) => releaseBudget(budget, options))
      throw error
    }
  },
})

/** A reviewer shows every now and then that he is at it. One who falls silent is replaced. */
async function review(ctx: ServiceContext, claim: Claim): Promise<Decision> {
  for (let round = 1; round <= rounds; round++) {
    const task = ctx.awakeable<Decision>({ heartbeat: '10m' })
    await step(ctx, `assign ${round}`, (options) => assignReviewer(claim, task.id, options))
    try {
      return await task.promise
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
    }
  }
  throw new TerminalError('nobody has reviewed it', { status: 504 })
}

type Options = { readonly idempotencyKey: string; readonly signal: AbortSignal }

async function step<T>(
  ctx: ServiceContext,
  name: string,
  work: (options: Options) => Promise<T>,
): Promise<T> {
  const idempotencyKey = `${ctx.id}/${name}`
  return await ctx.run(name, ({ signal }) => work({ idempotencyKey, signal }))
}
