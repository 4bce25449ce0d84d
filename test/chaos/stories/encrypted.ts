import { inspect } from 'node:util'
import { clinic, file, numberOf, type Referral } from '../../../examples/encrypted/clinic.ts'
import { sealing } from '../sealing.ts'
import type { Story } from './story.ts'

const referral: Referral = { patient: 'Jane Roe', reason: 'heart' }
const finding = { summary: 'Jane Roe is well', images: ['a', 'b'] }
const key = numberOf(referral)

/** Nothing that is stored, of attempts that died neither, can be read. */
export const encrypted: Story = {
  name: 'encrypted: a referral goes into the file',
  functions: { clinic: [clinic, file] },
  outside: () => ({ json: {} }),
  sealing,
  async play(stage) {
    const id = await stage.submit({ service: 'clinic', handler: 'refer' }, referral, 'once')
    await stage.waiting(id, 'signal')
    await stage.signal(id, 'finding', finding)
    const output = await stage.outputOf(id)
    const kept = await stage.call({ service: 'file', key, handler: 'read' }, undefined, 'read')
    const all = { depth: 9, maxArrayLength: 9_999, maxStringLength: 99_999 }
    const stored = inspect(stage.world.table, all)
    return { output, kept, sealed: stored.includes('sealed'), told: /Jane|cardiology/.exec(stored) }
  },
}
