import { office, returns } from '../../../examples/rate-limited/returns.ts'
import type { Story } from './story.ts'

const companies = ['Ada', 'Babbage', 'Ada']

export const filing: Story = {
  name: 'rate-limited: each return is filed once',
  functions: { returns: [returns], office: [office] },
  outside: ({ body }) => ({ json: { number: `N ${(body as { company: string }).company}` } }),
  async play(stage) {
    const ids = []
    for (const [turn, company] of companies.entries()) {
      const target = { service: 'returns', handler: 'submit' }
      ids.push(await stage.submit(target, { company, quarter: '2026 Q3' }, `${turn}`))
    }
    const numbers = []
    for (const id of ids) {
      const { value } = (await stage.outputOf(id)) as { value: { number: string } }
      numbers.push(value.number)
    }
    return numbers
  },
}
