import { greeter } from '../../../examples/server/greeter.ts'
import type { Story } from './story.ts'

export const greeting: Story = {
  name: 'server: somebody is greeted',
  functions: { greeter: [greeter] },
  outside: () => ({ json: {} }),
  play: (stage) => stage.call({ service: 'greeter', handler: 'greet' }, 'Ada', 'once'),
}
