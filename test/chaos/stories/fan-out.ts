import { newsletter, post } from '../../../examples/fan-out/newsletter.ts'
import type { Story } from './story.ts'

const readers = Array.from({ length: 10 }, (_, index) => `reader-${index}@example.org`)
const unreachable = readers[7]

/** The questions of a week later are still to come when it ends: those invocations wait for their time. */
export const fanOut: Story = {
  name: 'fan-out: one mail to each reader, and one of them cannot be reached',
  functions: { newsletter: [newsletter, post] },
  outside({ path, body }) {
    if (path === '/readers') return { json: { readers } }
    const isLost = (body as { readonly to: string }).to === unreachable
    return isLost ? { status: 503, json: 'no such mailbox' } : { json: {} }
  },
  async play(stage) {
    const target = { service: 'newsletter', handler: 'publish' }
    return stage.call(target, { letter: 'engines', text: 'Notes by the translator' }, 'issue-1')
  },
}
