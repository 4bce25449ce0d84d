import { vi } from 'vitest'
import { checkout } from '../../../examples/quickstart/checkout.ts'
import type { Story } from './story.ts'

const order = { id: 'o-1', amount: 12, manager: 'grace@example.org' }

/** Its mails go to standard output: the text is what makes two of them one. */
export const quickstart: Story = {
  name: 'quickstart: an order is approved',
  functions: { quickstart: [checkout] },
  outside: () => ({ json: {} }),
  reach(outside) {
    const { write } = process.stdout
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation((...args: unknown[]) => {
      const [text] = args
      if (typeof text !== 'string' || !text.startsWith('mail to ')) {
        return Reflect.apply(write, process.stdout, args)
      }
      outside.perform({ path: 'mail', key: text, body: null })
      return true
    })
    return () => spy.mockRestore()
  },
  async play(stage) {
    const target = { service: 'checkout', handler: 'process' }
    const id = await stage.submit(target, order, 'o-1')
    const { key } = await stage.effect(({ path }) => path === 'mail')
    const awakeable = key.trim().split(' ').at(-1) ?? ''
    await stage.complete(awakeable, { kind: 'value', value: { json: true } })
    return stage.outputOf(id)
  },
}
