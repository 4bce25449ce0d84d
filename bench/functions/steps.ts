/** What is measured: handlers with as many steps as they are told, and a slow one. */
import { service } from '@fermata/lambda-runtime'
import { lambda } from '@fermata/lambda-runtime/lambda'

export const bench = service('bench', {
  async steps(ctx, count: number) {
    for (let step = 0; step < count; step++) await ctx.run(`step ${step}`, () => step)
    return count
  },
  async slow(ctx) {
    return await ctx.run('work', () => new Promise((resolve) => setTimeout(resolve, 200, 'done')))
  },
})

export const handler = lambda(bench)
