import { service, TerminalError } from '@fermata/lambda-runtime'
import { lambda } from '@fermata/lambda-runtime/lambda'
import { charge, mail, type Order } from './outside.ts'

export const checkout = service('checkout', {
  async process(ctx, order: Order) {
    // A step: its result is journalled, so it is not run again when the handler is.
    const payment = await ctx.run('charge', () => charge(order, ctx.id))

    // An awakeable: somebody else completes it, over HTTP, whenever they like.
    const approval = ctx.awakeable<boolean>()
    await ctx.run('ask', () => mail(order.manager, `May ${order.id} go out? ${approval.id}`))

    // Nothing runs and nothing is billed while the handler waits here.
    const approved = await approval.promise.orTimeout('1d', false)
    if (!approved) throw new TerminalError('not approved')

    return payment
  },
})

export const handler = lambda(checkout)
