import { service } from '@fermata/lambda-runtime'
import type { Story } from './story.ts'

let draws = 0

/**
 * No example, and a common pattern: the key under which something is done comes from a step, and is another one each
 * time that the step is run. It is done once only if the step's result is durable before anything follows (INV-3).
 */
const lottery = service('lottery', {
  async play(ctx) {
    const ticket = await ctx.run('draw', () => `ticket ${draws++}`)
    await ctx.run('book', ({ signal }) =>
      fetch('http://lottery.example/bookings', {
        method: 'POST',
        headers: { 'idempotency-key': ticket },
        signal,
      }).then(({ status }) => status),
    )
    await ctx.sleep('1s')
    return ticket
  },
})

export const drawn: Story = {
  name: 'a key that is drawn in a step',
  functions: { lottery: [lottery] },
  outside: () => ({ json: {} }),
  async play(stage) {
    const output = await stage.call({ service: 'lottery', handler: 'play' }, undefined, 'once')
    const { value } = output as { value: string }
    await stage.effect(({ key }) => key === value)
    return 'what was drawn is booked'
  },
  compared: (effects) => effects.length,
}
